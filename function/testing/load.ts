import { RawConnection } from './socket.ts';

/** Connections that ask for one conversion after the other until the server closes them. */
export interface Load {
  /** Resolves once so many answers have come. */
  answers(count: number): Promise<void>;
  /** Asks nothing more, and closes. */
  stop(): void;
  /** Resolves when all connections have ended. */
  readonly ended: Promise<{
    readonly answered: number;
    /** What was wrong with requests that got no right answer. */
    readonly lost: readonly string[];
    /** Connections that ended after an answer with `connection: close`. */
    readonly closed: number;
  }>;
}

/** @param connections how many, each with one request under way at any time */
export async function keepBusy(url: string, connections: number): Promise<Load> {
  let answered = 0;
  let closed = 0;
  const lost: string[] = [];
  let stopped = false;
  let wake: () => void = () => {};
  const ask = async (connection: RawConnection): Promise<void> => {
    while (!stopped) {
      const fahrenheit = answered % 1000;
      const body = `{"fahrenheit":${fahrenheit}}`;
      connection.write(
        `POST /celsius HTTP/1.1\r\nhost: test\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
      );
      const answer = await connection.answer();
      if (answer === undefined) {
        lost.push('the connection ended without an answer');
        return;
      }
      const celsius = Math.fround(((fahrenheit - 32) * 5) / 9);
      if (answer.status !== 200 || Math.fround(JSON.parse(answer.body).celsius) !== celsius)
        lost.push(`${answer.status} ${answer.body} for ${fahrenheit}`);
      answered++;
      wake();
      if (answer.headers.connection === 'close') {
        closed++;
        await connection.closed;
        return;
      }
    }
    connection.destroy();
  };
  const open = await Promise.all(Array.from({ length: connections }, () => RawConnection.open(url)));
  return {
    async answers(count) {
      while (answered < count) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    stop: () => {
      stopped = true;
    },
    ended: Promise.all(open.map(ask)).then(() => ({ answered, lost, closed })),
  };
}
