export { keepFacts, loadFacts } from "./keep-facts.ts";
