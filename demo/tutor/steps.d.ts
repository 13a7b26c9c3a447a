/* Types of steps.js. */
export type Operator = '+' | '-' | '×' | '÷' | 'compare' | 'ascending' | 'descending';

export interface Expression {
  readonly operator: Operator;
  /** null: the missing number; then `total` is what stands behind the "=". */
  readonly operands: readonly (number | null)[];
  readonly total?: number;
}

export type StepKind =
  | 'add-column'
  | 'subtract-column'
  | 'divide-column'
  | 'compare-column'
  | 'compare'
  | 'product'
  | 'split'
  | 'add'
  | 'turn'
  | 'take'
  | 'hint'
  | 'result'
  | 'check'
  | 'slip'
  | 'praise'
  | 'why'
  | 'refusal'
  | 'other';

export interface Step {
  readonly kind: StepKind;
  /** The line as the model wrote it. */
  readonly text: string;
  /** 0: ones. */
  readonly column?: number;
  /** add, subtract, compare: top and bottom (the top with what it borrowed, less what it lent); divide: part and
   *  divisor; product: both factors. */
  readonly digits?: readonly number[];
  /** The digit (last column of a sum: one or two) that goes under the line. */
  readonly write?: number;
  readonly carryIn?: number;
  readonly carry?: number;
  /** subtract: 1 when this column lent one to its right neighbour; 10 when it borrowed. */
  readonly lends?: number;
  readonly borrow?: number;
  readonly result?: number;
  readonly quotient?: number;
  readonly product?: number;
  readonly left?: number;
  readonly sign?: '<' | '>' | '=';
  /** hint, why, refusal, result, check, slip: the text behind the colon. */
  readonly note?: string;
}

export interface Answer {
  readonly language: 'en' | 'ko';
  readonly form: 'solve' | 'check' | 'hint' | 'why' | 'refusal' | 'talk';
  readonly expression: Expression | null;
  readonly steps: readonly Step[];
  /** comparing: the sign; ordering: the list; null: none was given, or it cannot be read. */
  readonly answer: number | readonly number[] | '<' | '>' | '=' | null;
  readonly remainder?: number;
  readonly unit?: string;
  /** solve and check: each line and the answer are right for the expression. Always true for the other forms. */
  readonly isConsistent: boolean;
  readonly fault?: string;
}

export function parseAnswer(text: string): Answer;
export function parseExpression(text: string): Expression | null;
export function formatExpression(expression: Expression, language?: 'en' | 'ko'): string;
