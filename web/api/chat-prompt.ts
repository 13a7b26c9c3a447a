/* A chat's messages as tokens: written by the model file's template, pictures prepared and encoded. */
import { EngineError } from '../base/errors.ts';
import type { EngineClient } from '../engine/client.ts';
import { discardSnapshots } from '../engine/image-snapshot.ts';
import type { Session } from '../engine/session.ts';
import { IMAGE_TAG } from '../engine/vision.ts';
import { withImages } from '../engine/with-images.ts';
import type { ReadMessages } from './openai-request.ts';
import type { ReadChatOptions } from './request-options.ts';

export interface ChatPrompt {
  readonly tokens: ArrayLike<number>;
  /** Of these, those of pictures. */
  readonly imageTokens: number;
}

function tagError(where: string): EngineError {
  const text = `${where}: a tag such as <|image_1|> stands for a picture and comes from its part alone`;
  return new EngineError('PHI_EINVAL', text, { where });
}

/** Encodes the pictures, which takes long, when all else is known to be right. */
export async function promptOf(
  client: EngineClient,
  session: Session,
  read: ReadMessages,
  control: ReadChatOptions,
): Promise<ChatPrompt> {
  try {
    return await makePrompt(client, session, read, control);
  } catch (error) {
    const pictures = read.media.filter(({ frames }) => frames === undefined);
    discardSnapshots(pictures.map(({ source }) => source));
    throw error;
  }
}

async function makePrompt(
  client: EngineClient,
  session: Session,
  { messages, media, tagAt }: ReadMessages,
  control: ReadChatOptions,
): Promise<ChatPrompt> {
  const { tokenizer } = client;
  if (media.length === 0 && client.vision === undefined) {
    /* The template writes the special tokens itself. */
    const text = await tokenizer.applyChatTemplate(messages);
    return { tokens: await tokenizer.encode(text, { addSpecial: false }), imageTokens: 0 };
  }
  const vision = client.requireVision();
  if (tagAt !== undefined) throw tagError(tagAt);
  /* What a model said is no picture, whatever it looks like. */
  const said = messages.map(({ role, content }) =>
    role === 'assistant' ? { role, content: content.replace(IMAGE_TAG, '') } : { role, content },
  );
  const text = await tokenizer.applyChatTemplate(said);
  /* Templates of models that see leave the beginning to the tokenizer, which puts it before each chunk. */
  if (media.length === 0) return { tokens: await tokenizer.encode(text), imageTokens: 0 };
  return await withImages(async (file) => {
    const images = await file.prepareMedia(media, client, control.signal);
    const prompt = await file.readPrompt(text, images, (chunk) => tokenizer.encode(chunk));
    file.checkRoom(prompt, client.info.contextLength, vision);
    const tokens = await file.encodePrompt(prompt, session, control);
    return { tokens, imageTokens: prompt.imageTokens };
  });
}
