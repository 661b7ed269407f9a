/** The description of a plan says something that cannot be. The message names the field. */
export class PlanFileError extends Error {
  override readonly name = 'PlanFileError';
}

/** A number that a person wrote is not one, or out of bounds. */
export class QuantityError extends Error {
  override readonly name = 'QuantityError';
}
