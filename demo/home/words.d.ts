/* Types of words.js. */
interface HomeWords {
  readonly solve: string;
  readonly facts: unknown;
}

export const WORDS: Readonly<Record<'en' | 'ko', HomeWords>>;
