/** What the addon gives (receiver.cc). @see Receiver in ./receiver.ts */
export interface RawReceiver {
  pending(socket: number): number;
  receive(ticket: number, socket: number, body: Buffer, from: number, upTo: number, begin?: Buffer): boolean;
  cancel(ticket: number): number;
}
