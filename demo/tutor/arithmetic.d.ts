/* Types of arithmetic.js. */
import type { Expression } from './steps.js';

export interface Solution {
  readonly answer: number | readonly number[] | '<' | '>' | '=';
  readonly remainder: number;
}

export function solve(expression: Expression): Solution | undefined;
export function turnAround(expression: Expression): Expression | undefined;
export function deriveSteps(expression: Expression): string[] | undefined;
