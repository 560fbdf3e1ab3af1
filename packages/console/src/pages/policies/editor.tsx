import { autocompletion, completionKeymap } from "@codemirror/autocomplete";
import type { Completion, CompletionContext, CompletionResult } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { HighlightStyle, indentUnit, StreamLanguage, syntaxHighlighting } from "@codemirror/language";
import type { StreamParser } from "@codemirror/language";
import { lintGutter, setDiagnostics } from "@codemirror/lint";
import { EditorState } from "@codemirror/state";
import { Decoration, drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { useEffect, useRef } from "react";
import type { Marked } from "./policy-text.ts";

const cedarWords = /^(?:has|like|in|is|true|false|if|then|else|permit|forbid|when|unless)\b/;

/** YAML with Cedar in its conditions: a few marks that help reading, no grammar. */
const parser: StreamParser<Record<string, never>> = {
  token(stream) {
    if (stream.eatSpace()) return null;
    if (stream.match(/^#.*/)) return "comment";
    if (stream.match(/^"(?:[^"\\]|\\.)*"|^'[^']*'/)) return "string";
    if (stream.match(/^[A-Za-z][\w-]*(?=\s*:(?:\s|$))/)) return "propertyName";
    if (stream.match(/^(?:tool|model|destination|group|policy):[\w.*-]+/)) return "atom";
    if (stream.match(/^(?:context|principal|resource|action)(?:\.[A-Za-z_]\w*)*/)) return "variableName";
    if (stream.match(cedarWords)) return "keyword";
    if (stream.match(/^\d+(?:\.\d+)?/)) return "number";
    if (stream.match(/^(?:[<>=!]=?|&&|\|\|)/)) return "operator";
    if (stream.match(/^[\w-]+/) === null) stream.next();
    return null;
  },
};

const highlighted = HighlightStyle.define([
  { tag: tags.propertyName, color: "var(--accent)" },
  { tag: tags.string, color: "var(--allow-text)" },
  { tag: tags.comment, color: "var(--text-2)", fontStyle: "italic" },
  { tag: tags.keyword, color: "var(--notice-text)" },
  { tag: [tags.number, tags.atom], color: "var(--hold-text)" },
]);

const theme = EditorView.theme({
  "&": { backgroundColor: "var(--surface)", color: "var(--text)", fontSize: "var(--fs-13)" },
  "&.cm-focused": { outline: "2px solid var(--focus)", outlineOffset: "-2px" },
  ".cm-scroller": { fontFamily: "var(--font-mono)", lineHeight: "1.6", maxHeight: "60vh", minHeight: "18rem" },
  ".cm-content": { caretColor: "var(--text)" },
  ".cm-cursor": { borderLeftColor: "var(--text)" },
  ".cm-gutters": { backgroundColor: "var(--sunken)", color: "var(--text-2)", border: "none", borderRight: "1px solid var(--line)" },
  ".cm-activeLine": { backgroundColor: "color-mix(in srgb, var(--accent) 5%, transparent)" },
  "&.cm-focused .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "var(--selected)" },
  ".cm-tooltip": { backgroundColor: "var(--raised)", color: "var(--text)", border: "1px solid var(--line-2)", borderRadius: "var(--r-2)", boxShadow: "var(--shadow-float)" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { backgroundColor: "var(--accent)", color: "var(--on-accent)" },
  ".cm-spot": { backgroundColor: "var(--selected)", boxShadow: "inset 3px 0 0 var(--accent)" },
  ".cm-diagnostic-error": { borderLeft: "3px solid var(--deny)" },
});

export interface EditorWords {
  /** `tool:NAME` and kin, as the register has them. */
  readonly references: readonly string[];
  /** Paths a condition may ask about: `context.input.amount`. */
  readonly attributes: readonly string[];
}

const ruleKeys: readonly Completion[] = [
  { label: "denyUnless", type: "keyword", detail: "refused unless this holds" },
  { label: "holdUnless", type: "keyword", detail: "waits for a person unless this holds" },
  { label: "redact", type: "keyword", detail: "masked before it leaves" },
  { label: "tokenize", type: "keyword", detail: "a token in its place" },
  { label: "invariants", type: "keyword", detail: "what must stay true of every call" },
  { label: "deniedWhen", type: "keyword", detail: "an invariant: such calls are refused" },
  { label: "heldWhen", type: "keyword", detail: "an invariant: such calls wait for people, or are refused" },
  { label: "mustProve", type: "keyword", detail: "an invariant that can't be proven stops publishing" },
  { label: "approvers", type: "keyword", detail: "who is asked" },
  { label: "because", type: "keyword", detail: "the reason, in plain words" },
  { label: "remedies", type: "keyword", detail: "what to do next" },
  { label: "on", type: "keyword", detail: "the tool, model or destination" },
  { label: "id", type: "keyword", detail: "its name in each refusal" },
  { label: "expect", type: "keyword", detail: "allow, hold or deny" },
  { label: "call", type: "keyword", detail: "what a test asks for" },
  { label: "input", type: "keyword", detail: "a test's arguments" },
].map((one) => ({ ...one, apply: `${one.label}: ` }));

function complete(words: EditorWords) {
  return (context: CompletionContext): CompletionResult | null => {
    const path = context.matchBefore(/context\.[\w.]*/);
    if (path !== null) return { from: path.from, options: words.attributes.map((label) => ({ label, type: "variable" })), validFor: /^[\w.]*$/ };
    const reference = context.matchBefore(/(?:on|call):\s*"?[\w:.*-]*/);
    if (reference !== null) {
      const from = reference.from + /^(?:on|call):\s*"?/.exec(reference.text)![0].length;
      return { from, options: words.references.map((label) => ({ label, type: "constant" })), validFor: /^[\w:.*-]*$/ };
    }
    const expect = context.matchBefore(/expect:\s*\w*/);
    if (expect !== null) return { from: expect.from + /^expect:\s*/.exec(expect.text)![0].length, options: ["allow", "hold", "deny"].map((label) => ({ label, type: "enum" })) };
    const key = context.matchBefore(/(?:^|[-{,])\s*[a-zA-Z]*/);
    if (key === null || (key.text.trim() === "" && !context.explicit)) return null;
    return { from: key.from + key.text.length - /[a-zA-Z]*$/.exec(key.text)![0].length, options: ruleKeys, validFor: /^\w*$/ };
  };
}

/** Where a line begins; one that isn't there is the nearest that is. */
const lineAt = ({ doc }: EditorState, line: number): number => doc.line(Math.min(Math.max(1, line), doc.lines)).from;

/**
 * CodeMirror in a shadow root: there it styles itself by constructed sheets, which the page's content security policy
 * needs no exception for. It begins with `initial` and then owns its text: a text handed back while somebody types is older
 * than what they typed. Another text is another editor (`key`).
 */
export function PolicyEditor({ label, initial, marks, words, spot, onChange }: { label: string; initial: string; marks: readonly Marked[]; words: EditorWords; spot?: number | undefined; onChange: (text: string) => void }) {
  const holder = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(null);
  const changed = useRef(onChange);
  const known = useRef(words);
  useEffect(() => {
    changed.current = onChange;
    known.current = words;
  }, [onChange, words]);
  const first = useRef(initial);
  useEffect(() => {
    const root = holder.current!.shadowRoot ?? holder.current!.attachShadow({ mode: "open" });
    const parent = document.createElement("div");
    root.replaceChildren(parent);
    const editor = new EditorView({
      root,
      parent,
      state: EditorState.create({
        doc: first.current,
        extensions: [
          lineNumbers(),
          lintGutter(),
          history(),
          drawSelection(),
          highlightActiveLine(),
          indentUnit.of("  "),
          StreamLanguage.define(parser),
          syntaxHighlighting(highlighted),
          autocompletion({ override: [(context) => complete(known.current)(context)] }),
          keymap.of([...completionKeymap, ...defaultKeymap, ...historyKeymap, indentWithTab]),
          EditorView.lineWrapping,
          EditorView.contentAttributes.of({ "aria-label": label }),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) changed.current(update.state.doc.toString());
          }),
          theme,
          EditorView.decorations.of((shown) => (spot === undefined || shown.state.doc.toString() !== first.current ? Decoration.none : Decoration.set([Decoration.line({ class: "cm-spot" }).range(lineAt(shown.state, spot))]))),
        ],
      }),
    });
    view.current = editor;
    if (spot !== undefined) editor.dispatch({ effects: EditorView.scrollIntoView(lineAt(editor.state, spot), { y: "center" }) });
    return () => editor.destroy();
  }, [label, spot]);
  useEffect(() => {
    const editor = view.current;
    if (editor === null) return;
    const { doc } = editor.state;
    const diagnostics = marks.map(({ line, message }) => {
      const at = doc.line(Math.min(Math.max(1, line), doc.lines));
      return { from: at.from, to: at.to, severity: "error" as const, message };
    });
    editor.dispatch(setDiagnostics(editor.state, diagnostics));
  }, [marks]);
  return <div className="code-editor" ref={holder} />;
}
