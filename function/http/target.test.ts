import t from 'tap';
import { originForm } from './target.ts';

t.test('paths out of whole URLs', async (t) => {
  for (const [target, path] of Object.entries({
    '/v1/models/m:predict?x=http://a/b': '/v1/models/m:predict?x=http://a/b',
    'http://host/v1/models/m:predict': '/v1/models/m:predict',
    'HTTPS://[::1]:8080/a?b': '/a?b',
    'http://host': '/',
    'http://host/': '/',
    'http://host?b': '/?b',
    'http:///a': 'http:///a',
    'http://user@host/a': 'http://user@host/a',
    'ftp://host/a': 'ftp://host/a',
    'host:80': 'host:80',
    '*': '*',
    '': '',
  })) {
    t.equal(originForm(target), path, target);
  }
});
