import type { Trigger } from "../triggers.ts";
import type { Channel } from "../types.ts";

/**
 * One way in which a text speaks to the model instead of about its subject. `weight` 1 suffices by itself; weaker ones
 * count together, each once. Every gap is bounded and every alternative starts with a word, so matching stays linear.
 */
export interface Signal {
  readonly id: string;
  /** A word of each of these must occur. */
  readonly triggers: readonly Trigger[];
  /** Some letter beyond ASCII must occur. */
  readonly foreign?: true;
  readonly weight: number;
  readonly pattern: RegExp;
}

const rules = "(?:instructions?|rules?|prompts?|guidelines?|directions?|directives?|commands?|programming|training|restrictions?|constraints?|polic(?:y|ies)|filters?|safeguards?|orders?|inputs?|conversations?|context|everything)";
const earlier = "(?:previous|prior|above|earlier|preceding|initial|original|existing|foregoing|all|any|every|your|these|the|his|those|my|past)";
const words = "(?:[\\w'’&;,]+\\s{1,3}){0,4}";

/** Attacks from any mouth: whoever says so wants the instructions gone, or read out. */
const always: readonly Signal[] = [
  { id: "override", triggers: ["override", "rules"], weight: 1, pattern: new RegExp(`\\b(?:ignore|disregard|forget|override|bypass|overlook|neglect|skip|drop|discard|abandon|stop following|do not follow|don't follow)\\s{1,3}${words}${earlier}\\s{1,3}${words}${rules}\\b`, "gi") },
  { id: "override", triggers: ["override", "rules"], weight: 1, pattern: /\b(?:ignore|disregard|forget)\s{1,3}(?:every\s?thing|all|anything)\s{1,3}(?:\w+\s){0,4}(?:told|said|above|before|previously|know|learned)/gi },
  { id: "override", triggers: ["override", "rules"], weight: 1, pattern: /\b(?:new|updated|revised|real|actual)\s{1,3}(?:system\s{1,3})?(?:instructions?|task|objective|directive)s?\s?(?::|are|is|follow)/gi },
  { id: "override", triggers: ["mode"], weight: 1, pattern: /\b(?:system|admin(?:istrator)?|developer|root|sudo|god|debug|maintenance|override|privileged|unrestricted)[\s_-]?(?:mode|override|access)\b/gi },
  // German, French, Spanish, Portuguese, Italian, Dutch, Turkish, Russian, Chinese, Japanese, Korean, Hindi, Arabic
  { id: "override", triggers: ["override_abroad"], weight: 1, pattern: /(?:ignorier|vergiss|vergessen|missacht|ignore[rz]|oublie|ignora|olvid|esque[cç]|desconsider|dimentica|negeer|vergeet|unut|yok say)[^.!?\n]{0,50}(?:anweisung|regel|vorgabe|instruction|consigne|instruccion|instru[cç]|regras|istruzion|instructie|talimat)/giu },
  { id: "override", triggers: [], foreign: true, weight: 1, pattern: /(?:игнориру|забудь|не обращай)[^.!?\n]{0,50}(?:инструкц|указани|правил|команд|вс)|(?:忽略|无视|無視|忘记|忘れ|不要理会|무시|잊어)[^。.!?\n]{0,24}(?:指令|指示|说明|規則|规则|提示|内容|지시|명령|규칙)|(?:指示|命令|ルール|指令|规则|지시|명령)[^。.!?\n]{0,12}(?:無視|忘れ|忽略|무시)|(?:अनदेखा|नज़रअंदाज़|भूल जा|تجاهل|انس)[^।.!?\n]{0,40}/giu },
  { id: "extraction", triggers: ["extraction", "rules"], weight: 1, pattern: new RegExp(`\\b(?:reveal|repeat|print|show|output|display|recite|disclose|leak|dump|expose|give me|tell me|write (?:out|down)?|encode|translate|summari[sz]e|copy|list|quote|share|spell)\\b[^.!?\\n]{0,60}\\b(?:system (?:prompt|message|instructions?|configuration)|(?:initial|original|hidden|secret|previous|internal|your|above|prior|exact) (?:\\w+ )?(?:prompt|instructions?|system message|rules|guidelines|directives)|(?:text|words|prompt|conversation|everything|content|instructions) (?:above|before this|given (?:to you )?initially|you were given)|entire conversation)`, "gi") },
  { id: "extraction", triggers: ["extraction", "rules"], weight: 1, pattern: /\bwhat (?:is|are|were|was|does)\b[^.!?\n]{0,30}\b(?:system prompt|your (?:\w+ )?(?:instructions?|prompt|directives|rules|guidelines)|those instructions|initial (?:instructions?|prompt))/gi },
  { id: "extraction", triggers: ["rules"], weight: 1, pattern: /\bmy instructions are\b|\bthe system prompt (?:is|was)\b|\bsystemprompt\b/gi },
  { id: "secret", triggers: ["secret"], weight: 1, pattern: /\b(?:your|the|this)\s{1,3}(?:\w+\s{1,3}){0,2}(?:secret(?: key| code| word| phrase| string)?|password|passcode|access code|confidential (?:string|key|information|data)|api key|secret_key)\b[^.\n]{0,40}\?|\b(?:tell|give|reveal|show|share|print|spell|encode|hint|write|disclose|leak|repeat|output|say)\b[^.!?\n]{0,50}\b(?:the|your) (?:\w+ )?(?:password|secret|passcode|secret key|access code|confidential \w+)\b/gi },
  { id: "persona", triggers: ["persona"], weight: 1, pattern: /\bdo[\s-]anything[\s-]now\b|\bjail\s?br(?:ea|o)k(?:e|en|ing)?\b|\bDAN\b(?=[^\n]{0,200}\b(?:mode|answer|respond|GPT|AI|can|jailbreak|stands?)\b)|\b(?:developer|dev|evil|opposite|god|freedom) ?mode\b/g },
  { id: "template", triggers: [], weight: 1, pattern: /<\|(?:im_start|im_end|system|user|assistant|endoftext|begin_of_text|start_header_id)\|>|\[\/?INST\]|<<\/?SYS>>|<\/?\s?system(?:[ _](?:mode|message|prompt|note))?\s?>|^\s{0,3}#{2,}\s?(?:system|instructions?)\s?:?\s?$|\[\s?(?:system|admin|ignore)[^\]\n]{0,60}\]/gim },
  { id: "unbound", triggers: ["unbound"], weight: 0.6, pattern: /\b(?:un(?:filtered|censored|restricted|ethical|hinged)|amoral|immoral|illegal)\b|\bno (?:restrictions?|limits|limitations|rules|filters?|morals?|ethics|ethical|moral|censorship|prohibitions)\b|\bwithout (?:any |all )?(?:restrictions?|limits|limitations|filters?|morals?|ethics|censorship|warnings?|disclaimers?|ethical|moral|regard)\b|\b(?:free (?:from|of)|not bound by|breaks?|bypass(?:es|ing)?|unbound by) (?:all |any |the |its |their )?(?:AI |OpenAI('s)? |usual )?(?:restrictions?|rules|limits|limitations|filters?|polic(?:y|ies)|guidelines|confines|constraints|prohibitions)\b/gi },
  { id: "obey", triggers: ["obey"], weight: 0.6, pattern: /\b(?:never|not|don't|cannot|can't|won't|must not) (?:ever )?(?:refuse|decline|reject|say no|break character|say (?:you|that you|it) (?:can'?t|cannot)|give (?:warnings?|disclaimers?)|apologi[sz]e|mention (?:that )?(?:you are|being) an? AI|deny)\b|\bstay(?:s|ing)? in character\b|\bal?ways (?:answers?|compl(?:y|ies)|obeys?|responds?)\b|\banswers? (?:any|all|every)\b|\b(?:as|being|like) an AI (?:language )?model\b|\bcomply with (?:any|all|every)\b/gi },
  { id: "role", triggers: ["role"], weight: 0.5, pattern: /\b(?:you are (?:now|going to|to) (?:be |act |pretend |play |simulate |a |an |the )|from now on,? you|pretend (?:to be|that you|you are|you're)|act(?:ing)? as (?:if|though|a|an|the|my)?\b|you (?:will|shall|must) (?:now )?(?:act|play|pretend|simulate|roleplay|respond|answer|be)|role-?play|play the (?:role|part|character)|take on the (?:role|persona)|imagine (?:you are|you're|that you)|let'?s play|simulat(?:e|ing|or)|your (?:new )?(?:persona|character|name is)|characters? (?:named|called)|hypothetical(?:ly)? (?:story|response|scenario)?|I am (?:god|your (?:creator|developer|owner|admin\w*)))/gi },
  { id: "named-bot", triggers: ["bot"], weight: 0.5, pattern: /\b(?!ChatGPT\b)[A-Z][A-Za-z0-9]{1,14}(?:GPT|Bot|BOT|AI)\b|\bChat ?GPT\b[^.\n]{0,80}\b(?:instead|as normal|classic|normal)\b|\b(?:two|both|2) (?:responses|personalities|characters|answers|ways|paragraphs)\b|\[(?:🔒|🔓|GPT|[A-Z]{3,12})\]/g },
  { id: "format-trap", triggers: ["trap"], weight: 0.4, pattern: /\b(?:(?:begin|start|prefix|preface|end) (?:each|every|all|your|the|such) (?:\w+ )?(?:response|answer|message|sentence|reply|output)s?|respond (?:only )?(?:with|as|in)|tokens? (?:system|left|each)|say ["'“]?(?:I understand|ok|understood|yes|hello)|my first (?:question|prompt|request|command)|here (?:is|are) (?:my|the|your) (?:first|rules|question)|if you understand|do not write (?:explanations|anything))/gi },
];

const yours = "(?:your|the|this|its|their|a|an)\\s{1,3}(?:\\w+\\s{1,3}){0,3}?(?:response|answer|repl(?:y|ies)|output|message|summary|translation|code(?:base)?|implementation|solution|algorithm|script|program|explanation|elucidation|text)s?";

/** In what a tool returned or a search found, nobody asks the model for anything: being asked is the attack. */
const foreign: readonly Signal[] = [
  { id: "instructed", triggers: ["answer"], weight: 1, pattern: new RegExp(`(?:^|[.!?>:\\n"'|}\\])]\\s{0,3}|\\b(?:please|now|also|then|and|must|should|to proceed,?)\\s{1,3})(?:add|include|insert|integrate|incorporate|modify|augment|enhance|replace|convert|substitute|render|introduce|misspell|scramble|jumble|rearrange|anagram|remove|group|combine|provide|use|append|embed|merge|blend|fuse|meld|write|encode|reverse|translate|end|begin|start|finish|conclude|mention|state|say|omit|capitali[sz]e|format|swap|shift|spell|shuffle|make|let|leverage|employ|utili[sz]e|ensure|inject|weave|place|put|attach|prepend|change|alter|adapt|adjust|rewrite|rephrase|express|respond|reply|answer|output|print|return|repeat|generate|produce|craft|tease|suggest|promote|recommend|highlight|emphasi[sz]e)\\b(?:[^.!?\\n]|\\.(?=\\S)){0,110}\\b${yours}\\b`, "gi") },
  { id: "instructed", triggers: ["answer"], weight: 1, pattern: /\b(?:Add|Include|Insert|Integrate|Incorporate|Modify|Augment|Enhance|Replace|Convert|Substitute|Render|Introduce|Misspell|Scramble|Jumble|Rearrange|Anagram|Remove|Group|Combine|Provide|Use|Append|Embed|Encode|Reverse|Translate|End|Begin|Start|Finish|Write|Format|Swap|Shift|Shuffle|Change|Adapt|Adjust|Rewrite|Respond|Reply|Answer)\b(?:[^.!?\n]|\.(?=\S)){0,110}\b(?:your|the) (?:\w+ )?(?:response|answer|repl(?:y|ies)|message|output|code)s?\b/g },
  { id: "instructed", triggers: ["answer"], weight: 1, pattern: new RegExp(`\\bin ${yours},?\\s{1,3}(?:please\\s)?(?:suggest|tease|mention|include|add|say|state|recommend|promote|hint|encourage|ask|tell|direct|offer|use|write|highlight|link|provide|express|insert)`, "gi") },
  { id: "code-planted", triggers: ["program"], weight: 1, pattern: /\b(?:following|subsequent|below|given|provided|next|ensuing|this|these|succeeding|forthcoming)\s{1,3}(?:\w+\s{1,3}){0,2}(?:code|script|function|program)\s?(?:snippet|block|excerpt|section|segment|fragment|piece|lines?|sample|portion)?s?\b[^\n]{0,90}:?\s{0,3}(?:```|\n|$)/gi },
  { id: "task", triggers: ["task"], weight: 1, pattern: /(?:^|[\s.!?>"|}\])])(?:[Pp]lease\s)?(?:(?:Write|Compose|Draft|Develop|Create|Provide|Give|Generate|Tell|Craft|Show|Prepare|Design|Outline) (?:me |us )?(?:an?|the|some|\d+|three|five)\s{1,3}(?:\w+\s{1,3}){0,4}?(?:poem|story|essay|letter|speech|introduction|article|song|joke|recipe|example|summary|function|script|equivalent|paragraph|blog|haiku|dialogue|script|outline|list|review|explanation|overview|translation|e-?mail|slogan|novel|analysis|report|code)\b|Translate (?:the|this|these|to|into|')|(?:Explain|Describe|Summari[sz]e|Break down|Discuss|Define|Compare|Analy[sz]e|Elaborate on|Outline|Interpret|Simplify) (?:the|how|what|why|in|an?|'|recursion|your|their)\s?\w{2,})/gm },
  { id: "quiz", triggers: ["quiz"], weight: 0.7, pattern: /(?:^|[.!?>\n"|}\])]\s{0,3})(?:what(?:'s| is| are| was| were| does) (?:the|'|a|an|your|one|some|meant)|who (?:wrote|is|was|were|invented|discovered|painted|composed|won|are)|how (?:do|does|did|can|would|to|many|much|is|are) (?:I|you|one|we|the|a|an|'?\w+)|can you (?:show|explain|tell|help|write|give|provide|describe|translate|recommend|suggest)|could you (?:explain|tell|show|describe|provide)|when (?:did|was|is)|why (?:do|does|is|are|did)|where (?:is|was|are|did))\b[^.!\n]{4,120}\?/gim },
  { id: "redirect", triggers: ["redirect"], weight: 1, pattern: /\b(?:ignore|disregard|forget|skip)\s{1,3}(?:the|this|all|that|above|actual|every\w*|whatever)\b|\b(?:retrieve|print|send|forward|transfer|post|upload|exfiltrate|export)\b[^.!?\n]{0,80}\b(?:to|via)\s{1,3}(?:\S{1,64}@|https?:|www\.|\w+\.(?:com|net|org|io|xyz)\b|this (?:address|account|url|link))/gi },
  { id: "redirect", triggers: ["redirect"], weight: 1, pattern: /\b(?:state|say|assume|consider|claim|pretend|answer|conclude|report|output|tell (?:the user|them|him|her))\b[^.!?\n<]{0,24}\b(?:that\s)?(?:the )?(?:sum|output|answer|result|capital|total|function|user|account|password|population|conclusion|main|value|correct)\b[^.!?\n<]{0,40}\b(?:is|as|are|be|to|has)\b/gi },
  { id: "hypothetical", triggers: ["hypothetical"], weight: 0.7, pattern: /\b(?:hypothetically|in a (?:parallel|world|universe|hypothetical)|let'?s (?:imagine|assume|pretend|say)|for the purpose of this|as an (?:authority|expert)|suppose that|imagine (?:a|that|if|you))/gi },
  { id: "addressed", triggers: ["addressed"], weight: 1, pattern: /\b(?:attention|important|urgent|note|message|instruction|hello|hey|dear)\b[^.\n]{0,24}\b(?:AI|LLM|language model|assistant|chatbot|chat ?gpt|claude|gemini|copilot|agent|model reading|bot)\b|\b(?:AI|LLM|language model|assistant|chatbot|agent)s?\b[^.\n]{0,30}\b(?:must|should|need to|please|are instructed|is instructed|shall|reading this|processing this)\b|<(?:important|information|instructions?)>/gi },
  { id: "user-told", triggers: ["told"], weight: 1, pattern: /\b(?:tell|inform|ask|direct|instruct|convince|persuade|urge|encourage|advise|warn|remind)\b[^.\n]{0,16}\b(?:the )?users?\b[^.\n]{0,60}\b(?:to|that|their|visit|click)\b|\b(?:your (?:account|computer|device) (?:has been|is) (?:compromised|hacked|infected|suspended))\b/gi },
];

/** A user may be asked to look away; what a model writes is judged for leaks, not for instructions. */
const left: readonly Signal[] = [
  // An image whose address carries what the session knows: the client that shows it sends it
  { id: "beacon", triggers: [], weight: 1, pattern: /!\[[^\]\n]{0,200}\]\(https?:\/\/[^\s)]{1,400}[?&][^\s)=]{1,40}=[^\s)]{12,2000}\)|<img\b[^>\n]{0,200}\bsrc\s?=\s?["']?https?:\/\/[^\s"'>]{1,400}\?[^\s"'>]{12,2000}/gi },
];

export const signalsOf: Readonly<Record<Channel, readonly Signal[]>> = {
  user: always,
  tool: [...always, ...foreign, ...left],
  retrieved: [...always, ...foreign, ...left],
  output: left,
};
