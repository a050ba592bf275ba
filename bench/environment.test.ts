import t from 'tap';
import { runnerIn } from './environment.ts';

t.test('which runner measured', async (t) => {
  t.equal(runnerIn({}), null);
  const hosted = { GITHUB_ACTIONS: 'true', RUNNER_ENVIRONMENT: 'github-hosted', RUNNER_OS: 'Linux' };
  t.equal(runnerIn({ ...hosted, RUNNER_ARCH: 'X64' }), 'GitHub Actions, github-hosted: Linux X64');
  t.equal(
    runnerIn({ ...hosted, ImageOS: 'ubuntu24', ImageVersion: '20260101.1', RUNNER_ARCH: 'X64' }),
    'GitHub Actions, github-hosted: ubuntu24 20260101.1 X64',
  );
});
