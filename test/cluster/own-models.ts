import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { V1Volume } from '@kubernetes/client-node';
import type { Test } from 'tap';
import { PODS } from '../../knative/watch.ts';
import { at, type Kit, root } from './kit.ts';
import { RUN_LABEL } from './settings.ts';

/** A ConfigMap of a model without variables, as `kubectl create configmap NAME --from-file=FOLDER` makes it. */
export async function modelConfigMap(kit: Kit, name: string, folder: string): Promise<void> {
  const saved = readFileSync(join(root, folder, 'saved_model.pb')).toString('base64');
  const { core, namespace } = kit;
  await core.createNamespacedConfigMap({
    namespace,
    body: { metadata: { name }, binaryData: { 'saved_model.pb': saved } },
  });
}

interface Pod {
  readonly namespace: string;
  readonly script: string;
  readonly volumes: readonly (V1Volume & { readonly path: string })[];
  /** As root, where the namespace allows it. */
  readonly isRoot?: boolean;
}

/** Runs a script with Node in a pod, to its end. @throws Error where it failed, with its log */
export async function runPod(kit: Kit, name: string, pod: Pod): Promise<void> {
  const { namespace, script, volumes, isRoot = false } = pod;
  const user = isRoot ? 0 : 65532;
  await kit.core.createNamespacedPod({
    namespace,
    body: {
      metadata: { name },
      spec: {
        restartPolicy: 'Never',
        automountServiceAccountToken: false,
        securityContext: {
          runAsNonRoot: !isRoot,
          runAsUser: user,
          seccompProfile: { type: 'RuntimeDefault' },
        },
        containers: [
          {
            name: 'run',
            image: kit.settings.image,
            command: ['node', '-e', script],
            securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
            volumeMounts: volumes.map((volume) => ({ name: volume.name, mountPath: volume.path })),
          },
        ],
        volumes: volumes.map(({ path: _, ...volume }) => volume),
      },
    },
  });
  const phase = await kit.until(
    { ...PODS, fieldSelector: `metadata.name=${name}` },
    (pods) => {
      const now = String(at(pods.get(name), 'status.phase'));
      return now === 'Succeeded' || now === 'Failed' ? now : undefined;
    },
    120,
    namespace,
  );
  if (phase === 'Failed') throw new Error(await kit.core.readNamespacedPodLog({ name, namespace }));
}

/**
 * A PersistentVolumeClaim that pods of any user may write to, on a folder of the node: a cluster of one node is enough,
 * and no storage class is needed.
 */
export async function folderClaim(t: Test, kit: Kit, name: string): Promise<void> {
  const { core, namespace } = kit;
  const unique = `${namespace}-${name}`;
  const hostPath = { path: `/var/tmp/${unique}`, type: 'DirectoryOrCreate' };
  const labels = { [RUN_LABEL]: kit.settings.run };
  const privileged = { ...labels, 'pod-security.kubernetes.io/enforce': 'privileged' };
  await core.createNamespace({ body: { metadata: { name: unique, labels: privileged } } });
  t.teardown(() => core.deleteNamespace({ name: unique }));
  await runPod(kit, 'prepare', {
    namespace: unique,
    script: "require('fs').chmodSync('/folder', 0o777)",
    volumes: [{ name: 'folder', hostPath, path: '/folder' }],
    isRoot: true,
  });
  const spec = { accessModes: ['ReadWriteMany'], storageClassName: '', volumeName: unique };
  const storage = { storage: '1Gi' };
  await core.createPersistentVolume({
    body: {
      metadata: { name: unique, labels },
      spec: { accessModes: spec.accessModes, capacity: storage, hostPath, claimRef: { name, namespace } },
    },
  });
  t.teardown(() => core.deletePersistentVolume({ name: unique }));
  await core.createNamespacedPersistentVolumeClaim({
    namespace,
    body: { metadata: { name }, spec: { ...spec, resources: { requests: storage } } },
  });
}

/** S3 in the namespace, by rclone, with credentials in the Secret `s3`; its bucket `models` holds the ConfigMap's model as plus/1. */
export async function startS3(kit: Kit, configMap: string): Promise<void> {
  const { core, namespace } = kit;
  const [key, secret] = ['test-key', 'test-secret'];
  await core.createNamespacedSecret({
    namespace,
    body: {
      metadata: { name: 's3' },
      stringData: {
        RCLONE_CONFIG_S3_TYPE: 's3',
        RCLONE_CONFIG_S3_PROVIDER: 'Other',
        RCLONE_CONFIG_S3_ENDPOINT: `http://s3.${namespace}.svc:9000`,
        RCLONE_CONFIG_S3_ACCESS_KEY_ID: key,
        RCLONE_CONFIG_S3_SECRET_ACCESS_KEY: secret,
      },
    },
  });
  const labels = { app: 's3' };
  await core.createNamespacedService({
    namespace,
    body: { metadata: { name: 's3' }, spec: { selector: labels, ports: [{ port: 9000 }] } },
  });
  const items = [{ key: 'saved_model.pb', path: 'plus/1/saved_model.pb' }];
  await core.createNamespacedPod({
    namespace,
    body: {
      metadata: { name: 's3', labels },
      spec: {
        automountServiceAccountToken: false,
        securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: 'RuntimeDefault' } },
        containers: [
          {
            name: 's3',
            image: kit.settings.fetchImage,
            args: [
              'serve',
              's3',
              '--addr',
              ':9000',
              '--auth-key',
              `${key},${secret}`,
              '--copy-links',
              '/data',
            ],
            env: [{ name: 'HOME', value: '/tmp' }],
            readinessProbe: { tcpSocket: { port: 9000 }, periodSeconds: 1 },
            securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
            volumeMounts: [
              { name: 'models', mountPath: '/data/models' },
              { name: 'tmp', mountPath: '/tmp' },
            ],
          },
        ],
        volumes: [
          { name: 'models', configMap: { name: configMap, items } },
          { name: 'tmp', emptyDir: {} },
        ],
      },
    },
  });
}
