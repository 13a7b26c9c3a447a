/* Types of prompts.js. */
export function promptFor(question: string, words: { readonly solve: string }): string;
export function verdictOn(question: string, text: string): 'good' | 'bad' | undefined;
