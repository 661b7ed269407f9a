import { erlangB } from '../../fourtuple/src/plan/erlang-b.ts';

interface Formula {
  readonly title: string;
  /** So many in one sample, which then takes some milliseconds. */
  readonly calls: number;
  readonly call: () => number;
}

/** What the planner evaluates most often: near a = c, where the sum is longest. */
export const formulas = {
  'erlang-million': { title: 'erlangB(1000000, 1000000)', calls: 250, call: () => erlangB(1e6, 1e6) },
  'erlang-range': { title: 'erlangB(28232, 28000)', calls: 2000, call: () => erlangB(28_232, 28_000) },
} as const satisfies Readonly<Record<string, Formula>>;

export type FormulaName = keyof typeof formulas;

/** All calls of a sample. @returns their sum, so that none of them is left out. */
export function evaluate(name: FormulaName): number {
  const { calls, call } = formulas[name];
  let sum = 0;
  for (let done = 0; done < calls; done++) sum += call();
  return sum;
}
