/** What the addon gives (receiver.cc). @see Receiver in ./receiver.ts */
export interface RawReceiver {
  pending(socket: number): number;
  receive(ticket: number, socket: number, body: Buffer, from: number, upTo: number): boolean;
  cancel(ticket: number): void;
}
