/* create(): from checked options to what a session is made of. */
import type { PromptSettings } from './prompt-constraint.ts';
import { PromptContext } from './prompt-context.ts';
import { borrow, type EngineLease, type SharedEngine } from './prompt-engines.ts';
import { engineCode, notSupported } from './prompt-errors.ts';
import type { DownloadMonitor } from './prompt-events.ts';
import { prepareImages } from './prompt-images.ts';
import { type Prompt, type ValidMessage, validatePrompt } from './prompt-messages.ts';
import {
  type CreateOptions,
  checkLanguages,
  readSampling,
  type Sampling,
  whyUnavailable,
} from './prompt-options.ts';
import type { LanguageModelMessageType } from './prompt-types.ts';

/** What a session is made of. Its owner closes the context and releases the lease. */
export interface SessionParts {
  readonly context: PromptContext;
  readonly lease: EngineLease;
  readonly declared: readonly LanguageModelMessageType[];
  readonly sampling: Sampling;
  readonly settings: PromptSettings;
  readonly seed: bigint | undefined;
  /** Answers that were begun so far: each has a seed of its own. */
  readonly answers: number;
}

interface CreatePlan {
  readonly declared: readonly LanguageModelMessageType[];
  readonly initial: Prompt<ValidMessage>;
  readonly sampling: Sampling;
}

/** Throws what the options deserve, before any work. */
export function planSession(options: CreateOptions): CreatePlan {
  checkLanguages(options);
  const declared = options.expectedInputs.map(({ type }) => type);
  const sampling = readSampling(options);
  const { initialPrompts } = options;
  const initial =
    initialPrompts.length === 0
      ? { messages: [], endsInPrefix: false }
      : validatePrompt(initialPrompts, { declared, system: 'first' });
  return { declared, initial, sampling };
}

/** Gives back what a session held. An engine that is gone already has nothing left to close. */
export async function closeSession({
  context,
  lease,
}: Pick<SessionParts, 'context' | 'lease'>): Promise<void> {
  await context.close().catch(() => undefined);
  lease.release();
}

/** A turn of the event loop. */
function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 0);
  });
}

function leaseFor(
  options: CreateOptions,
  shared: SharedEngine | undefined,
  monitor: DownloadMonitor,
  signal: AbortSignal,
): Promise<EngineLease> {
  if (options.engine !== undefined) return Promise.resolve(borrow(options.engine));
  if (shared === undefined)
    throw notSupported(
      'no model: call LanguageModel.configure({ model }) first, or give create() an engine',
    );
  return shared.lease((share) => monitor.tell(share), signal);
}

/** Loads the engine if need be and puts the initial prompts into a session of it. A failure leaves nothing behind. */
export async function openSession(
  options: CreateOptions,
  plan: CreatePlan,
  shared: SharedEngine | undefined,
  monitor: DownloadMonitor,
  signal: AbortSignal,
): Promise<SessionParts> {
  await nextTask();
  signal.throwIfAborted();
  monitor.tell(0);
  const lease = await leaseFor(options, shared, monitor, signal);
  let context: PromptContext | undefined;
  try {
    monitor.tell(1);
    /* Who aborts because of the last event is heard. */
    await nextTask();
    signal.throwIfAborted();
    /* Whether a model sees is known once it is loaded. */
    const unavailable = whyUnavailable(options, lease.engine);
    if (unavailable !== undefined) throw notSupported(unavailable);
    context = await PromptContext.open(lease.engine);
    const { messages } = await prepareImages(plan.initial, lease.engine, signal);
    await context.pin(messages, signal);
    signal.throwIfAborted();
  } catch (error) {
    if (engineCode(error) === 'PHI_EPOISONED') lease.abandon();
    if (context === undefined) lease.release();
    else await closeSession({ context, lease });
    throw error;
  }
  const { mode: _, ...sampling } = plan.sampling;
  const settings = { ...sampling, maxTokens: options.maxTokens, stops: options.stop };
  return { ...plan, context, lease, settings, seed: options.seed, answers: 0 };
}
