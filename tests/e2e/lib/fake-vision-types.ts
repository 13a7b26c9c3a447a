/* What tests say to fake-vision.js and ask of it; and what they keep of a page's cameras. */

export interface FakeVision {
  reply?: (question: string, request: AskedRequest) => string;
  isBlind?: boolean;
  numCrops?: number;
  steps?: number;
  stepMs?: number;
  isHeld?: boolean;
  prepareMs?: number;
  contextLength?: number;
  loadMs?: number;
  failsToLoad?: string;
  fails?: string | undefined;
  isUnreadable?: boolean;
}
export interface Part {
  readonly type: string;
  readonly text?: string;
  readonly image_url?: { readonly num_crops?: number };
}
export interface AskedRequest {
  readonly messages: readonly {
    readonly role: string;
    readonly content: string | readonly Part[];
  }[];
  readonly response_format?: unknown;
}
declare global {
  var fakeVision: FakeVision;
  var nEncoded: number;
  var streams: MediaStream[];
  /** Lets the browser answer the question about the camera that holdPrompt() keeps open. */
  var answerPrompt: () => void;
}
