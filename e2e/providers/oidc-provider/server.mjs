// An OpenID provider for tests: node server.mjs DIRECTORY PORT, where the directory has
// oidc-provider in node_modules. POST /test/rotate puts a new key of each kind before the
// others; POST /test/withdraw drops all but the newest.
import { createServer } from 'node:http';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { pathToFileURL } from 'node:url';

const [directory, port] = process.argv.slice(2);
const { Provider } = await import(pathToFileURL(directory + '/node_modules/oidc-provider/lib/index.js'));
const issuer = `http://127.0.0.1:${port}`;

const jwk = (type, options, alg) => ({
  ...generateKeyPairSync(type, options).privateKey.export({ format: 'jwk' }),
  alg, use: 'sig', kid: alg + '-' + randomUUID().slice(0, 8),
});
const newKeys = () => [
  jwk('rsa', { modulusLength: 2048 }, 'RS256'), jwk('ec', { namedCurve: 'P-256' }, 'ES256'), jwk('ed25519', {}, 'EdDSA'),
];

const client = (client_id, more) => ({
  client_id, client_secret: 's3cret', redirect_uris: [], response_types: [], grant_types: ['client_credentials'], ...more,
});
const clients = [
  client('robot'),
  client('app', { grant_types: ['authorization_code'], response_types: ['code'], redirect_uris: ['http://127.0.0.1:1/callback'] }),
  client('app-es', {
    grant_types: ['authorization_code'], response_types: ['code'], redirect_uris: ['http://127.0.0.1:1/callback'],
    id_token_signed_response_alg: 'ES256',
  }),
];

// The client's name chooses the algorithm of its access tokens.
const algorithm = (clientId) => ({ 'app-es': 'ES256', robot: 'EdDSA' })[clientId] || 'RS256';

const configure = (keys) => ({
  jwks: { keys }, clients,
  pkce: { required: () => false },
  conformIdTokenClaims: false,
  claims: { openid: ['sub', 'groups'], email: ['email', 'email_verified'] },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, groups: ['ml', 'staff'], email: `${id}@example.com`, email_verified: true }),
  }),
  extraTokenClaims: (_, token) => ({ groups: ['ml', token.kind] }),
  features: {
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => 'urn:models',
      useGrantedResource: () => true,
      getResourceServerInfo: (_, __, c) => ({
        scope: 'predict', audience: 'models', accessTokenTTL: 600, accessTokenFormat: 'jwt', jwt: { sign: { alg: algorithm(c.clientId) } },
      }),
    },
  },
});

let keys = newKeys();
let answer = new Provider(issuer, configure(keys)).callback();
const use = (next) => {
  keys = next;
  answer = new Provider(issuer, configure(keys)).callback();
};
createServer((request, response) => {
  switch (request.url) {
    case '/test/rotate':
      use([...newKeys(), ...keys]);
      return response.end();
    case '/test/withdraw':
      use(keys.slice(0, 3));
      return response.end();
  }
  return answer(request, response);
}).listen(port, '127.0.0.1', () => console.log('serves'));
