import t from 'tap';
import { parseOptions } from './options.ts';
import { full, quick } from './settings.ts';

t.test('what is measured', async (t) => {
  const usual = ['celsiusify', 'before', 'tf-serving', 'tf-serving-one', 'tf-serving-batching', 'python'];
  for (const [args, wanted] of [
    [[], { mode: 'full', only: null, targets: usual, settings: full, against: null, env: {} }],
    [['--quick'], { mode: 'quick', settings: quick }],
    [['--only', 'load,drain', '--models', 'text'], { only: ['load', 'drain'], models: ['text'] }],
    [['--targets', 'python, before'], { targets: ['before', 'python'] }],
    [
      ['--targets', 'python', '--also', 'celsiusify-bfloat16'],
      { targets: ['celsiusify-bfloat16', 'python'] },
    ],
    [
      ['--repeat', '2', '--duration', '1.5'],
      { settings: { ...full, repeats: 2, starts: 2, drains: 2, protocol_repeats: 2, load_s: 1.5 } },
    ],
    [['--clients', '4,16'], { settings: { ...full, clients: [4, 16] } }],
    [['--tf-serving-newest', 'x'], { newest: { file: 'x', build: null } }],
    [['--env', 'A=b=c', '--env', 'D='], { env: { A: 'b=c', D: '' } }],
    [['table', 'x'], { command: 'table', folder: 'x' }],
    [['--help'], { command: 'help' }],
  ] as const)
    t.match(parseOptions(args), wanted, args.join(' '));
});

t.test('what is refused, with what to do', async (t) => {
  for (const [args, message] of [
    [['--only', 'nothing'], /--only nothing: choose from load, /],
    [['--models', 'celsius'], /--models celsius: choose from encoder, /],
    [['--targets', 'nothing'], /--targets nothing: choose from celsiusify, /],
    [['--repeat', '1.5'], /--repeat 1.5: give a whole number/],
    [['--duration', '0'], /--duration 0: give a number above 0/],
    [['--clients', '1,x'], /--clients x/],
    [['--tf-serving-newest-build', 'y'], /give --tf-serving-newest FILE, too/],
    [['--env', 'A'], /--env A: give NAME=VALUE/],
    [['--no-such'], /see --help/],
    [['measure'], /unknown command measure/],
  ] as const)
    t.throws(() => parseOptions(args), { exitCode: 2, message }, args.join(' '));
});
