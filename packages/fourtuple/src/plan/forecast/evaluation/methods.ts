import { Forecaster } from '../forecaster.ts';
import { Hysteresis } from '../hysteresis.ts';
import { adjustedTarget } from '../target.ts';
import { anyMethod, levelMethod, predictLinearMethod, theilSenMethod, type AlertMethod } from './baselines.ts';
import { usualWorld } from './traces.ts';

/** The three rules with their hysteresis, for a target at all ports. */
export const combinedMethod: AlertMethod = forecasterMethod('combined', (capacity) => capacity);
/** The same for the use at which one connection of a thousand fails. */
export const adjustedMethod: AlertMethod = adjustedMethodFor(usualWorld.peakedness);
/** The three rules bare: what hysteresis is worth. */
export const bareMethod: AlertMethod = forecasterMethod('combined, no hysteresis', (capacity) => capacity, false);

export const baselineMethods: readonly AlertMethod[] = [levelMethod(0.8), predictLinearMethod(1), predictLinearMethod(6), theilSenMethod(2), theilSenMethod(6)];

/** What predict_linear is worth with everything that costs nothing: a level rule beside it, and hysteresis. */
export const helpedMethod: AlertMethod = withHysteresis(anyMethod([predictLinearMethod(1), levelMethod(0.94)]));

/** The three rules for the use at which one connection of a thousand fails, with a known peakedness. */
export function adjustedMethodFor(peakedness: number): AlertMethod {
  return forecasterMethod(`combined, target a(c, 1e-3, ${peakedness})`, (capacity) => adjustedTarget(capacity, 1e-3, peakedness));
}

/** A method under the forecaster's own hysteresis. */
export function withHysteresis(method: AlertMethod): AlertMethod {
  return {
    name: `${method.name}, with hysteresis`,
    start: (used, capacity) => {
      const fires = method.start(used, capacity);
      const hysteresis = new Hysteresis();
      return (newest) => hysteresis.update(fires(newest));
    },
  };
}

function forecasterMethod(name: string, targetOf: (capacity: number) => number, isSteady = true): AlertMethod {
  const targets = new Map<number, number>();
  return {
    name,
    start: (used, capacity) => {
      const target = targets.get(capacity) ?? targetOf(capacity);
      targets.set(capacity, target);
      const forecaster = new Forecaster(capacity, { target });
      let next = 0;
      return (newest) => {
        for (; next <= newest; next++) forecaster.add(60 * next, used[next]!);
        const { isAlerting, level, fast, slow } = forecaster.evaluate(60 * newest);
        return isSteady ? isAlerting : level || fast || slow;
      };
    },
  };
}
