// Teaches the page its words; imported before all that speaks while it is made.

import { learn } from "./shared/language.js";
import { INDEX_WORDS } from "./words_index.js";
import { WORDS } from "./words.js";

learn(WORDS);
learn(INDEX_WORDS);
