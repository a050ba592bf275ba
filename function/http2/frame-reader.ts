import { release } from '../buffers.ts';
import {
  ConnectionError,
  ErrorCode,
  excessive,
  Flag,
  FRAME_HEAD_BYTES,
  Frame,
  PREFACE,
  protocolError,
} from './protocol.ts';

/** What is told of the frames that come. */
export interface FrameSink {
  /** A whole header block, of one frame or several. @param dependsOn the stream that its priority names, or 0 */
  onHeaders(stream: number, block: Buffer, from: number, to: number, last: boolean, dependsOn: number): void;
  /**
   * A frame of data, or a part of a frame that comes in several pieces.
   *
   * @param counted bytes for flow control, which padding adds to
   * @returns whether somebody keeps the piece
   */
  onData(stream: number, piece: Buffer, counted: number, last: boolean): boolean;
  onFrame(type: number, flags: number, stream: number, payload: Buffer): void;
}

/** More frames than these hold no honest header block: CVE-2024-27316 is a flood of them. */
const MAX_CONTINUATIONS = 16;

/** Largest frame that is read: the size that all peers may send without asking. */
const MAX_PAYLOAD = 16_384;

/** A header block that has not come whole. */
interface OpenBlock {
  readonly stream: number;
  readonly last: boolean;
  readonly dependsOn: number;
  readonly parts: Buffer[];
  size: number;
}

/** Cuts what comes into frames. Data is handed on as it comes, all else when it is whole. */
export class FrameReader {
  readonly #sink: FrameSink;
  readonly #blockLimit: number;
  #begun = false;
  #rest: Buffer | undefined;
  #block: OpenBlock | undefined;
  /** Of the frame of data that is being read. */
  #dataLeft = 0;
  #dataStream = 0;
  #dataLast = false;
  /** Whether somebody keeps a part of what is being read. */
  #isKept = false;
  /** Frames read so far. */
  frames = 0;

  /** @param blockLimit most bytes of a header block, as it is sent */
  constructor(sink: FrameSink, blockLimit: number) {
    this.#sink = sink;
    this.#blockLimit = blockLimit;
  }

  /** Whether the rest of a frame, or of a header block, is still to come. */
  get midway(): boolean {
    return this.#rest !== undefined || this.#block !== undefined || !this.#begun;
  }

  /**
   * @param chunk is gone then, where nobody keeps a part of it: of a large body's it is not left to V8
   * @throws ConnectionError
   */
  read(chunk: Buffer): void {
    const bytes = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk]);
    this.#rest = undefined;
    this.#isKept = false;
    this.#readAll(bytes);
    if (bytes !== chunk || !(this.#isKept || this.#rest !== undefined)) release(chunk);
  }

  #readAll(bytes: Buffer): void {
    let at = 0;
    if (!this.#begun) {
      const known = Math.min(bytes.length, PREFACE.length);
      if (PREFACE.compare(bytes, 0, known, 0, known) !== 0) throw protocolError('not a preface of HTTP/2');
      if (known === PREFACE.length) {
        this.#begun = true;
        at = known;
      }
    }
    while (this.#begun) {
      if (this.#dataLeft > 0) {
        if (at === bytes.length) return;
        at = this.#readData(bytes, at);
        continue;
      }
      const payload = at + FRAME_HEAD_BYTES;
      if (payload > bytes.length) break;
      const length = bytes.readUIntBE(at, 3);
      const type = bytes[at + 3] ?? 0;
      const flags = bytes[at + 4] ?? 0;
      const stream = bytes.readUInt32BE(at + 5) & 0x7fffffff;
      this.#checkHead(length, type, stream);
      if (type === Frame.DATA && (flags & Flag.PADDED) === 0) {
        this.frames++;
        this.#dataLeft = length;
        this.#dataStream = stream;
        this.#dataLast = (flags & Flag.END_STREAM) !== 0;
        if (length === 0) this.#sink.onData(stream, EMPTY, 0, this.#dataLast);
        at = payload;
        continue;
      }
      if (payload + length > bytes.length) break;
      this.frames++;
      this.#readFrame(type, flags, stream, bytes, payload, payload + length);
      at = payload + length;
    }
    if (at < bytes.length) this.#rest = at === 0 ? bytes : bytes.subarray(at);
  }

  #checkHead(length: number, type: number, stream: number): void {
    if (length > MAX_PAYLOAD)
      throw new ConnectionError(
        ErrorCode.FRAME_SIZE_ERROR,
        `a frame of ${length} bytes, of at most ${MAX_PAYLOAD}`,
      );
    const block = this.#block;
    if (
      block === undefined
        ? type === Frame.CONTINUATION
        : type !== Frame.CONTINUATION || stream !== block.stream
    )
      throw protocolError('a header block goes on in CONTINUATION frames of its stream, and nowhere else');
  }

  #readData(bytes: Buffer, at: number): number {
    const end = Math.min(bytes.length, at + this.#dataLeft);
    this.#dataLeft -= end - at;
    const last = this.#dataLast && this.#dataLeft === 0;
    if (this.#sink.onData(this.#dataStream, bytes.subarray(at, end), end - at, last)) this.#isKept = true;
    return end;
  }

  #readFrame(type: number, flags: number, stream: number, bytes: Buffer, begin: number, end: number): void {
    this.#isKept = true; // for all that is known here
    if (type !== Frame.HEADERS && type !== Frame.DATA) {
      if (type === Frame.CONTINUATION) this.#continue(flags, bytes.subarray(begin, end));
      else this.#sink.onFrame(type, flags, stream, bytes.subarray(begin, end));
      return;
    }
    let from = begin;
    let to = end;
    if ((flags & Flag.PADDED) !== 0) to -= bytes[from++] ?? 0;
    const last = (flags & Flag.END_STREAM) !== 0;
    if (type === Frame.DATA) {
      if (to < from) throw protocolError('more padding than payload');
      this.#sink.onData(stream, bytes.subarray(from, to), end - begin, last);
      return;
    }
    let dependsOn = 0;
    if ((flags & Flag.PRIORITY) !== 0) {
      if (to - from < 5) throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, 'too short for its priority');
      dependsOn = bytes.readUInt32BE(from) & 0x7fffffff;
      from += 5;
    }
    if (to < from) throw protocolError('more padding than payload');
    if ((flags & Flag.END_HEADERS) !== 0) this.#sink.onHeaders(stream, bytes, from, to, last, dependsOn);
    else {
      this.#block = { stream, last, dependsOn, parts: [], size: 0 };
      this.#addToBlock(this.#block, bytes.subarray(from, to));
    }
  }

  #continue(flags: number, part: Buffer): void {
    const block = this.#block;
    if (block === undefined) return; // #checkHead has seen to it
    this.#addToBlock(block, part);
    if ((flags & Flag.END_HEADERS) === 0) return;
    this.#block = undefined;
    const whole = Buffer.concat(block.parts, block.size);
    this.#sink.onHeaders(block.stream, whole, 0, whole.length, block.last, block.dependsOn);
  }

  #addToBlock(block: OpenBlock, part: Buffer): void {
    block.parts.push(part);
    block.size += part.length;
    if (block.size > this.#blockLimit || block.parts.length > MAX_CONTINUATIONS + 1)
      throw excessive(
        `a header block of more than ${this.#blockLimit} bytes or ${MAX_CONTINUATIONS} continuations`,
      );
  }
}

const EMPTY = Buffer.alloc(0);
