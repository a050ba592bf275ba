/** Sums in another order give other last digits; deep models make more of them. */
export const FLOAT32 = 1e-4;
/** Three digits in every multiplication. */
export const BFLOAT16 = 0.1;
