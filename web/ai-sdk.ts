/* PocketPhi as a provider of Vercel's AI SDK (`ai` 7):
 *
 *     import { generateText } from 'ai';
 *     import { pocketphi } from 'pocketphi/ai-sdk';
 *     const { text } = await generateText({ model: pocketphi(engine), prompt: 'Why is the sky blue?' }); */
export {
  type AiSdkEngine,
  createPocketPhi,
  type PocketPhiProvider,
  pocketphi,
} from './api/ai-sdk.ts';
