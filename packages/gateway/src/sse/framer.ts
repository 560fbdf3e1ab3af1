import type { Surface } from "../surfaces/surface.ts";
import { AwsEventReader, ConverseReader } from "./aws-event-reader.ts";
import { JsonArrayReader } from "./json-array-reader.ts";
import { SseReader, type StreamFramer } from "./sse-reader.ts";

/** How an answer is divided into events; undefined: it is one whole body. */
export function framerOf(contentType: string, surface: Surface, maxEventBytes: number): StreamFramer | undefined {
  if (contentType.startsWith("text/event-stream")) return new SseReader(maxEventBytes);
  if (contentType.startsWith("application/vnd.amazon.eventstream")) {
    if (surface.framing === "aws-events") return new ConverseReader(maxEventBytes);
    if (surface.name === "anthropic-messages") return new AwsEventReader(maxEventBytes);
  }
  if (surface.framing === "json-array" && contentType.startsWith("application/json"))
    return new JsonArrayReader(maxEventBytes);
  return undefined;
}
