import { nothingExtracted, type Extracted } from '../statement.ts';
import { extractAnsible, isAnsible } from './ansible.ts';
import { CLOUD_CONFIG, extractCloudInit } from './cloud-init.ts';
import { extractCompose } from './compose.ts';
import { extractEcs, hasContainers } from './ecs.ts';
import { joined } from './embedded.ts';
import { extractGeneric } from './generic.ts';
import { extractKubernetes } from './kubernetes.ts';
import { extractIgnition, extractMachineConfig } from './machine-config.ts';
import { extractKops, extractKubeadm, extractTalos } from './node-config.ts';
import { extractTunedResource } from './tuned-resource.ts';
import { at, isMap, itemsOf, textAt, type Source, type Tree, type TreeMap } from './tree.ts';
import { parseYaml } from './yaml-text.ts';

/** A document without any of these sets nothing: it is not parsed, whatever is wrong with it. */
const MATTERS = /sysctl|system_?controls|proc\/sys|base64,|\b(?:net|fs|vm|kernel)[./]/i;

/** Lists of lists of objects end somewhere. */
const DEEPEST_LIST = 8;

/** Names of files and folders in which variables are Ansible's. */
const ANSIBLE_PATH = /(?:^|\/)(?:group_vars|host_vars|vars|defaults|roles|tasks|handlers|playbooks?|inventor(?:y|ies))(?:[/.]|$)|ansible/i;

/** What the documents of a file in YAML or JSON set, each by its kind. */
export function extractYaml(text: string, path: string): Extracted {
  const { documents, problems } = parseYaml(text, (document) => MATTERS.test(document));
  const source: Source = { text, marks: ['#'] };
  const parts = documents.map(({ root, text: written }) => (root === undefined ? nothingExtracted : CLOUD_CONFIG.test(written) ? extractCloudInit(root) : extractDocument(source, root, path)));
  return joined([...parts, { ...nothingExtracted, problems }]);
}

function extractDocument(source: Source, root: Tree, path: string): Extracted {
  if (isAnsible(root)) return extractAnsible(source, root);
  if (!isMap(root)) return hasContainers(root) ? extractEcs(source, root) : other(source, root, path);
  if (textAt(root, 'kind') !== undefined && textAt(root, 'apiVersion') !== undefined) return extractObject(source, root, 0);
  if (isCompose(root)) return extractCompose(source, root);
  if (hasContainers(root)) return at(root, 'Resources') === undefined ? extractEcs(source, root) : joined([extractEcs(source, root), extractGeneric(source, root)]);
  if (isMap(at(root, 'ignition')) || (textAt(root, 'variant') !== undefined && textAt(root, 'version') !== undefined)) return extractIgnition(root);
  if (isMap(at(root, 'machine', 'sysctls'))) return extractTalos(source, root);
  if (['write_files', 'runcmd', 'bootcmd'].some((name) => at(root, name)?.kind === 'list')) return extractCloudInit(root);
  return other(source, root, path);
}

/** An object of Kubernetes. Kinds that are not known may hold pods, and settings of nodes. */
function extractObject(source: Source, root: TreeMap, depth: number): Extracted {
  const kind = textAt(root, 'kind') ?? '';
  const group = (textAt(root, 'apiVersion') ?? '').split('/')[0] ?? '';
  if (kind.endsWith('List') && depth < DEEPEST_LIST) return joined(itemsOf(at(root, 'items')).flatMap(({ value }) => (isMap(value) ? [extractObject(source, value, depth + 1)] : [])));
  if (group === 'machineconfiguration.openshift.io' && kind === 'MachineConfig') return extractMachineConfig(root);
  if (group === 'tuned.openshift.io' && kind === 'Tuned') return extractTunedResource(root);
  if (at(root, 'spec', 'sysctlParameters') !== undefined) return extractKops(source, root);
  if (group.endsWith('.cluster.x-k8s.io')) return extractKubeadm(root);
  // Lists of sysctls that a kubelet, a policy or a constraint lets pods set: none is set here.
  if (['KubeletConfiguration', 'PodSecurityPolicy', 'SecurityContextConstraints', 'CustomResourceDefinition'].includes(kind)) return nothingExtracted;
  const read = new Set<Tree>();
  return joined([extractKubernetes(source, root, read), extractGeneric(source, root, { reach: 'node', listsAreOfPods: true, skip: read })]);
}

function other(source: Source, root: Tree, path: string): Extracted {
  if (ANSIBLE_PATH.test(path)) return extractGeneric(source, root);
  const read = new Set<Tree>();
  return joined([extractKubernetes(source, root, read), extractGeneric(source, root, { listsAreOfPods: true, skip: read })]);
}

function isCompose(root: TreeMap): boolean {
  const services = at(root, 'services');
  return isMap(services) && services.entries.some(({ value }) => isMap(value) && ['image', 'build', 'sysctls', 'ports', 'extends', 'network_mode', 'command', 'deploy'].some((name) => at(value, name) !== undefined));
}
