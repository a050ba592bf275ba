import { RequestError } from '../errors.ts';
import type { Route } from '../http/route.ts';

/** Refuses what is for those alone who show a certificate. */
export function guestRoute(): Route {
  return {
    name: 'guest',
    path: /^/,
    methods: 'any',
    handle: () => {
      throw new RequestError(
        'PERMISSION_DENIED',
        'this port asks for a certificate that is signed by a CA of TLS_CLIENT_CA_FILE; /healthz and /readyz do without',
      );
    },
  };
}
