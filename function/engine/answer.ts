/** The body of an answer: a string where it is short, UTF-8 bytes where it is long. */
export type Answer = string | Buffer;
