import { Readable } from 'node:stream';

/** A body of a request, and whether it may be sent once more: a stream of which nothing was read yet may. */
export class RepeatableBody {
  readonly body: unknown;
  /** Whether {@link body} is another object than the one that was given. */
  readonly isWrapped: boolean;
  readonly #isWhole: () => boolean;
  #isTouched = false;

  constructor(given: unknown) {
    this.isWrapped = false;
    this.body = given;
    if (typeof given !== 'object' || given === null || ArrayBuffer.isView(given) || given instanceof ArrayBuffer || isFormOrBlob(given)) {
      this.#isWhole = () => true;
    } else if (isNodeStream(given)) {
      this.#isWhole = () => !Readable.isDisturbed(given) && !given.destroyed && given.errored === null;
    } else if (Symbol.asyncIterator in given || Symbol.iterator in given) {
      this.isWrapped = true;
      this.body = { [Symbol.asyncIterator]: () => this.#iterate(given as AsyncIterable<unknown> | Iterable<unknown>) };
      this.#isWhole = () => !this.#isTouched;
    } else {
      this.#isWhole = () => false;
    }
  }

  get isWhole(): boolean {
    return this.#isWhole();
  }

  async *#iterate(given: AsyncIterable<unknown> | Iterable<unknown>): AsyncGenerator {
    this.#isTouched = true;
    yield* given;
  }
}

function isNodeStream(body: object): body is Readable {
  return 'pipe' in body && typeof body.pipe === 'function' && 'on' in body;
}

/** FormData and Blob give their bytes as often as they are asked. */
function isFormOrBlob(body: object): boolean {
  const name: unknown = (body as Partial<Record<symbol, unknown>>)[Symbol.toStringTag];
  return name === 'FormData' || name === 'Blob' || name === 'File';
}
