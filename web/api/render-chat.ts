/* A chat's messages as the model file's template writes them, and how tokens are made of that. */
import { type Vision, withoutTags } from '../engine/vision.ts';

/* No interface: those do not fit where a Record is expected. */
type Message<Role> = { readonly role: Role; readonly content: string };

/** The part of an engine that this needs. */
interface Renderer<Role> {
  readonly vision: Vision | undefined;
  readonly tokenizer: {
    encode(text: string, options: { readonly addSpecial: boolean }): Promise<ArrayLike<number>>;
    applyChatTemplate(
      messages: readonly Message<Role>[],
      options: { readonly addGenerationPrompt: boolean },
    ): Promise<string>;
  };
}

export interface RenderedChat {
  readonly text: string;
  /** Of all of it, or of a chunk between its pictures. */
  encode(chunk: string): Promise<ArrayLike<number>>;
}

/** `answer`: what the model's answer begins with; undefined: none is to follow. Where the model sees, what it said has
 * no tags any more. Throws PHI_EINVAL for what the template refuses. */
export async function renderChat<Role>(
  { tokenizer, vision }: Renderer<Role>,
  messages: readonly Message<Role>[],
  answer: string | undefined,
): Promise<RenderedChat> {
  const sees = vision !== undefined;
  const said = (text: string): string => (sees ? withoutTags(text) : text);
  const plain = messages.map(({ role, content }) => ({
    role,
    content: role === 'assistant' ? said(content) : content,
  }));
  const addGenerationPrompt = answer !== undefined;
  const text = await tokenizer.applyChatTemplate(plain, { addGenerationPrompt });
  return {
    text: text + said(answer ?? ''),
    /* The template writes the special tokens itself; those of models that see leave the beginning to the tokenizer,
     * which puts it before each chunk. */
    encode: (chunk) => tokenizer.encode(chunk, { addSpecial: sees }),
  };
}
