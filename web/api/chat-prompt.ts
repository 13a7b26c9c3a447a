/* A chat's messages as tokens: written by the model file's template, pictures prepared and encoded. */
import { EngineError } from '../base/errors.ts';
import type { EngineClient } from '../engine/client.ts';
import type { Session } from '../engine/session.ts';
import { imageTag } from '../engine/vision.ts';
import { withImages } from '../engine/with-images.ts';
import { discardMedia } from './openai-media.ts';
import type { ReadMessages } from './openai-request.ts';
import { renderChat } from './render-chat.ts';
import type { ReadChatOptions } from './request-options.ts';

export interface ChatPrompt {
  readonly tokens: ArrayLike<number>;
  /** Of these, those of pictures. */
  readonly imageTokens: number;
}

function tagError(where: string): EngineError {
  const text = `${where}: a tag such as ${imageTag(1)} stands for a picture and comes from its part alone`;
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
    discardMedia(read.media);
    throw error;
  }
}

async function makePrompt(
  client: EngineClient,
  session: Session,
  { messages, media, tagAt }: ReadMessages,
  control: ReadChatOptions,
): Promise<ChatPrompt> {
  const vision = media.length === 0 ? client.vision : client.requireVision();
  if (vision !== undefined && tagAt !== undefined) throw tagError(tagAt);
  const { text, encode } = await renderChat(client, messages, '');
  if (vision === undefined || media.length === 0)
    return { tokens: await encode(text), imageTokens: 0 };
  return await withImages(async (file) => {
    const images = await file.prepareMedia(media, client, control.signal);
    const prompt = await file.readPrompt(text, images, encode);
    file.checkRoom(prompt, client.info.contextLength, vision);
    const tokens = await file.encodePrompt(prompt, session, control);
    return { tokens, imageTokens: prompt.imageTokens };
  });
}
