import { labelOf, type Stage, type StageEvent } from './stage.ts';

/** One changing line on a terminal; in a pipe only a line for each finished stage. */
export class Progress {
  readonly #stream: NodeJS.WriteStream;
  #started = 0;
  #label = '';
  #titles = new Map<string, string>();
  #rounds = 0;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  start(stage: Stage): void {
    this.#started = performance.now();
    this.#label = labelOf(stage);
    this.#titles = new Map(stage.competitors.map(({ id, title }) => [id, title]));
    this.#rounds = stage.rounds;
    this.#show('making the sockets');
  }

  event(event: StageEvent): void {
    const title = this.#titles.get(event.competitor) ?? event.competitor;
    if (event.type === 'counting') this.#show(`does ${title} count right?`);
    if (event.type === 'running') this.#show(`round ${event.round} of ${this.#rounds}: ${title}`);
  }

  finish(): void {
    const seconds = ((performance.now() - this.#started) / 1000).toFixed(1);
    this.#erase();
    this.#stream.write(`${this.#label}: ${this.#rounds} ${this.#rounds === 1 ? 'round' : 'rounds'} in ${seconds} s\n`);
  }

  #show(text: string): void {
    if (!this.#stream.isTTY) return;
    this.#erase();
    /* Some terminals say that they have no columns. */
    const width = this.#stream.columns || 80;
    this.#stream.write(`${this.#label}: ${text}`.slice(0, width - 1));
  }

  #erase(): void {
    if (this.#stream.isTTY) this.#stream.write('\r\u001b[K');
  }
}
