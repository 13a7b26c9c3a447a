/* Pictures in prompts: from what a page gave to what the model will see. */
import { discardSnapshots } from '../engine/image-snapshot.ts';
import { domException, engineCode } from './prompt-errors.ts';
import type { Prompt, RawPrompt, ValidMessage } from './prompt-messages.ts';
import type { ChatMessage, PromptEngine } from './prompt-types.ts';

/** Whatever is wrong with a picture's bytes is one error here; pixels that may not be read are another. */
function imageError(thrown: unknown): unknown {
  const code = engineCode(thrown);
  if (code === undefined || !(thrown instanceof Error)) return thrown;
  const { message, cause } = thrown;
  if (cause instanceof DOMException && cause.name === 'SecurityError')
    return domException('SecurityError', message, thrown);
  const isBad = code === 'PHI_ECORRUPT' || code === 'PHI_EUNSUPPORTED' || code === 'PHI_EINVAL';
  return isBad ? domException('EncodingError', message, thrown) : thrown;
}

async function prepareMessage(
  { role, content, pictures }: ValidMessage,
  engine: PromptEngine,
  signal: AbortSignal,
): Promise<ChatMessage> {
  if (pictures.length === 0) return { role, content };
  const images: Awaited<ReturnType<PromptEngine['prepare']>>[] = [];
  for (const { where, snapshot } of pictures)
    images.push(await engine.prepare(snapshot, { signal, where }));
  return { role, content, images };
}

/** Gives back the pictures of a prompt that comes to nothing. */
export function discardPictures(input: RawPrompt): void {
  if (typeof input === 'string') return;
  const parts = input.flatMap(({ content }) => (typeof content === 'string' ? [] : content));
  discardSnapshots(parts.map(({ picture }) => picture?.snapshot));
}

/** Does the work that the prompt is for; when it fails, its pictures are given back. */
export async function orDiscard<T>(input: RawPrompt, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    discardPictures(input);
    throw error;
  }
}

/** Rejects with SecurityError for a picture of another origin, EncodingError for one that cannot be decoded. */
export async function prepareImages(
  { messages, endsInPrefix }: Prompt<ValidMessage>,
  engine: PromptEngine,
  signal: AbortSignal,
): Promise<Prompt> {
  try {
    const prepared: ChatMessage[] = [];
    for (const message of messages) prepared.push(await prepareMessage(message, engine, signal));
    return { messages: prepared, endsInPrefix };
  } catch (error) {
    throw signal.aborted ? signal.reason : imageError(error);
  }
}
