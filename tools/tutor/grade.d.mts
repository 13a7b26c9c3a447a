/* Types of grade.mjs. */
import type { Page } from 'playwright-core';

export type Row = readonly [
  language: 'en' | 'ko',
  messages: readonly string[],
  lines: readonly string[],
];
export interface Grade {
  readonly isRight: boolean;
  readonly isExact: boolean;
  readonly isConsistent: boolean;
  readonly text: string;
}
export interface Tally {
  readonly n: number;
  readonly right: number;
  readonly exact: number;
  readonly consistent: number;
  readonly wrong: readonly (Grade & { readonly messages: readonly string[] })[];
}
export const TARGETS: Readonly<Record<string, number>>;
export function grade(row: Row, text: string): Grade;
export function tally(rows: readonly Row[], texts: readonly string[]): Tally;
export function answerAll(pages: readonly Page[], rows: readonly Row[]): Promise<string[]>;
