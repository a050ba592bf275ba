import t, { type Test } from 'tap';
import { formatSummary } from './summary.ts';

/** A results folder with one CSV file. */
function folderWith(t: Test, name: string, lines: readonly string[]): string {
  return t.testdir({ [`${name}.csv`]: `${lines.join('\n')}\n` });
}

t.test('medians, intervals and ratios by pairs', async (t) => {
  const shown = formatSummary(
    folderWith(t, 'load', [
      'model,target,clients,repeat,requests_per_s,p50_ms,p99_ms,errors',
      'encoder,celsiusify,8,1,200,10,15,0',
      'encoder,celsiusify,8,2,100,20,30,0',
      'encoder,tf-serving,8,2,50,40,80,3',
      'encoder,tf-serving,8,1,100,20,40,0',
      'encoder,python,1,1,80,12,,0',
      'resnet50,celsiusify,8,1,10,,,0',
    ]),
  );
  t.match(shown, /^at a glance .*\n─+.*\nencoder, celsiusify +2\.50× +2\.00× \[2\.00–2\.00\]/);
  t.match(shown, /\nload: model encoder, clients 8 +requests\/s/);
  t.match(shown, /\ncelsiusify +150 \[100–200\] +15 \[10–20\] +22\.5 \[15–30\] +1\.5 /);
  t.match(shown, /\ncelsiusify ÷ tf-serving +2\.00× \[2\.00–2\.00\] +0\.50× /, 'each with its own repeat');
  t.match(shown, /\npython +80 +12 +–/, 'its one thread stands beside eight clients');
  t.match(shown, /\ncelsiusify ÷ python +2\.50×/, 'the repeats that both have');
  t.match(shown, /load: model resnet50, clients 8.*\n.*\ncelsiusify +10 +–/);
});

t.test('the best of TensorFlow Serving’s settings is another one for each figure', async (t) => {
  const shown = formatSummary(
    folderWith(t, 'load', [
      'model,target,clients,repeat,requests_per_s,p50_ms',
      'encoder,celsiusify,1,1,10,5',
      'encoder,tf-serving,1,1,8,10',
      'encoder,tf-serving-one,1,1,5,20',
      'encoder,tf-serving-bfloat16,1,1,100,1',
      'encoder,celsiusify,8,1,30,50',
      'encoder,tf-serving,8,1,10,100',
      'encoder,tf-serving-one,8,1,20,90',
    ]),
  );
  t.match(shown, /\nencoder, celsiusify +1\.50× +0\.50×/);
});

t.test('paths of probes stand apart', async (t) => {
  const shown = formatSummary(
    folderWith(t, 'probes', [
      'model,target,during,clients,path,repeat,answered,p99_ms,max_ms',
      'big,celsiusify,loading,,/healthz,1,5,2,3',
      'big,before,loading,,/healthz,1,5,8,3000',
      'big,celsiusify,loading,,/readyz,1,5,4,4',
    ]),
  );
  t.match(shown, /^probes: during loading, model big, clients –/);
  t.match(shown, /\ncelsiusify \/readyz /);
  t.match(shown, /\ncelsiusify ÷ before \/healthz +0\.25×/);
});

t.test('what protocols are to reach', async (t) => {
  const shown = formatSummary(
    folderWith(t, 'protocols', [
      'model,target,protocol,connections,streams,repeat,requests_per_s,cpu_us_per_request',
      'celsius,celsiusify,grpc,32,1,1,30000,20',
      'celsius,celsiusify,rest,32,1,1,40000,15',
      'celsius,tf-serving-grpc,grpc,32,1,1,20000,100',
      'celsius,tf-serving-grpc,rest,32,1,1,1,1',
    ]),
  );
  t.match(shown, /^protocols +here +there +ratio +must +holds\n/);
  t.match(shown, /32 × 1: requests\/s ÷ TensorFlow Serving's +30000 +20000 +1.50× +≥ 2 +no\n/);
  t.match(shown, /32 × 1: CPU ÷ TensorFlow Serving's +20 +100 +0.20× +≤ 0.4 +yes\n/);
  t.match(shown, /32 × 1: requests\/s ÷ REST's +30000 +40000 +0.75× +≥ 0.5 +yes\n/);
  t.match(shown, /\ncelsiusify ÷ tf-serving-grpc grpc +1.50× /);
});

t.test('losses of all drains together', async (t) => {
  const shown = formatSummary(
    folderWith(t, 'drain', [
      'target,repeat,run_ms,sent,answered,lost',
      'celsiusify,1,600,20,20,0',
      'celsiusify,2,600,21,20,1',
    ]),
  );
  t.match(shown, /drain, all repeats: celsiusify lost 1 of 41$/);
});

t.test('a folder with nothing in it', async (t) => t.equal(formatSummary(t.testdir()), ''));
