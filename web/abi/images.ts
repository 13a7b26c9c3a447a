/* Typed calls of the pictures in src/phi.h. Apart from calls.ts: only pages with pictures load them. */
import { STATUSES } from '../base/errors.gen.ts';
import { type EngineHandle, errorAt } from './calls.ts';
import type { Ptr } from './heap.ts';
import type { WasmModule } from './module.ts';

const OK = STATUSES.PHI_OK.value;

export interface ImagePlan {
  /** Calls of step(). */
  readonly steps: number;
  /** Until it is destroyed. */
  readonly featureBytes: number;
}

/** A picture in the engine's memory. Its owner destroys it, when no session's text has it any more. */
export class ImageHandle {
  readonly plan: ImagePlan;
  readonly id: number;
  readonly #m: WasmModule;
  readonly #image: Ptr;

  /** Of the padded picture's size. Throws PHI_ENOMEM, and PHI_EUNSUPPORTED where the model reads text only. */
  constructor(engine: EngineHandle, width: number, height: number) {
    const { m, engine: of } = engine.parts;
    this.#m = m;
    const { phi_image_plan: plan } = m.structs;
    const check = (status: number): void => {
      if (status !== OK) throw errorAt(m, status, m.pointer('phi_engine_error', of));
    };
    this.plan = m.scratch(plan.bytes, (at) => {
      check(m.call('phi_engine_plan_image', of, width, height, at));
      return {
        steps: plan.get(at, 'n_steps'),
        featureBytes: plan.get(at, 'feature_bytes'),
      };
    });
    this.#image = m.scratch(8, (out) => {
      check(m.call('phi_image_create', out, of, width, height));
      return m.readPointer(out);
    });
    this.id = m.call('phi_image_id', this.#image);
  }

  /** (height, width, 3) RGB; before the first step. */
  write(rgb: Uint8Array): void {
    const m = this.#m;
    const [at, bytes] = m.scratch(8, (out) => [
      m.pointer('phi_image_pixels', this.#image, out),
      m.readSize(out),
    ]);
    if (bytes !== rgb.length) throw errorAt(m, STATUSES.PHI_EINVAL.value, this.#error());
    m.heap.write(at, rgb);
  }

  /** True when it is encoded. */
  step(): boolean {
    const status = this.#m.call('phi_image_step', this.#image);
    if (status === STATUSES.PHI_PENDING.value) return false;
    if (status !== OK) throw errorAt(this.#m, status, this.#error());
    return true;
  }

  get stepsDone(): number {
    return this.#m.call('phi_image_n_steps_done', this.#image);
  }

  destroy(): void {
    this.#m.call('phi_image_destroy', this.#image);
  }

  #error(): Ptr {
    return this.#m.pointer('phi_image_error', this.#image);
  }
}
