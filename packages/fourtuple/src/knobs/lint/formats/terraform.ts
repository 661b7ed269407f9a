import { nothingExtracted, type Extracted, type Reach, type Statement } from '../statement.ts';
import { aksStatements } from './aks.ts';
import { CLOUD_CONFIG } from './cloud-init.ts';
import { extractEcs } from './ecs.ts';
import { joined, withSpans } from './embedded.ts';
import { looksLikeSysctlFile } from './format-of.ts';
import { parseHcl } from './hcl-tree.ts';
import { extractKubernetes, groupOf } from './kubernetes.ts';
import { inside, isSysctlKey, listStatements, mapStatements, portOf, switchless, type Placement } from './settings.ts';
import { at, eachMap, isMap, isScalar, isTrue, itemsOf, scalarsOf, textAt, type Above, type Source, type Tree, type TreeItem, type TreeMap, type TreeScalar } from './tree.ts';
import { extractUserDataText } from './user-data.ts';
import { extractScript, extractWords, extractWrittenFile } from './written-file.ts';
import { parseYaml } from './yaml-text.ts';

/** Attributes that hold what a machine is given to begin with, or a command. */
const SCRIPTS = /user[-_]?data|custom_data|startup[-_]script|bootstrap|cloud[-_]?(?:config|init)|^(?:inline|command|script|scripts)$/i;

/** Attributes that name the file that `content` beside them becomes. */
const FILE_NAMES = ['destination', 'filename', 'path', 'file'];

/** Blocks and attributes about nodes of Kubernetes. */
const NODES = /node|kubernetes_cluster|kubelet|talos|bottlerocket|eks|gke|aks/i;

const CONTAINERS = /docker|container|nomad|podman|^task$|^config$/i;

/** Reads YAML that stands in a file of Terraform: given from outside, since YAML does not know of HCL, but is known here by its documents. */
export type YamlReader = (text: string) => Extracted;

/** Terraform, OpenTofu, Nomad, and other files in HCL. */
export function extractTerraform(text: string, readYaml: YamlReader): Extracted {
  const { root, labels } = parseHcl(text);
  return new Reader({ text, marks: ['#', '//'] }, labels, readYaml).read(root);
}

class Reader {
  readonly #source: Source;
  readonly #labels: ReadonlyMap<Tree, readonly string[]>;
  readonly #readYaml: YamlReader;
  readonly #parts: Extracted[] = [];
  /** Maps that a pod has read. */
  readonly #ofPods = new Set<Tree>();

  constructor(source: Source, labels: ReadonlyMap<Tree, readonly string[]>, readYaml: YamlReader) {
    this.#source = source;
    this.#labels = labels;
    this.#readYaml = readYaml;
  }

  read(root: TreeMap): Extracted {
    eachMap(root, (map, name, above) => this.#visit(map, name, above));
    this.#parts.push(extractEcs(this.#source, root));
    return joined(this.#parts);
  }

  #visit(map: TreeMap, name: string, above: readonly Above[]): boolean {
    if (at(map, 'apiVersion') !== undefined && at(map, 'kind') !== undefined) {
      this.#parts.push(extractKubernetes(this.#source, map));
      return false;
    }
    if (isPodBody(map)) this.#pod(map, above);
    const place = this.#place(map, name, above);
    if (name === 'sysctl_config' || name === 'sysctlConfig') this.#add(aksStatements(this.#source, { ...place, reach: 'node' }, map));
    else this.#add(mapStatements(this.#source, place, map, isSysctlKey).map(switchless));
    for (const { key, value } of map.entries) {
      const attribute = key.value ?? '';
      if (value === undefined || this.#ofPods.has(value)) continue;
      if (/^sysctls?$/.test(attribute) && value.kind === 'list') this.#add(listStatements(this.#source, this.#place(value, attribute, [...above, { map, name }]), value, ['name', 'key']));
      if (isScalar(value)) this.#parts.push(this.#text(value, attribute, map, place));
      else if (SCRIPTS.test(attribute) && !this.#ofPods.has(map) && value.kind === 'list') {
        const lines = scalarsOf(value);
        const home: Placement = { ...place, group: groupOf('commands', map), reach: 'host' };
        this.#parts.push(...(attribute === 'command' ? [extractWords(lines, home)] : lines.map((line) => inside(line, (text) => extractScript(text, home)))));
      } else if (value.kind === 'list' && !this.#ofPods.has(map)) for (const one of scalarsOf(value)) if (one.content.text.includes('\n')) this.#parts.push(this.#text(one, attribute, map, place));
    }
    return true;
  }

  #add(statements: readonly Statement[]): void {
    if (statements.length > 0) this.#parts.push({ statements, ports: [], problems: [] });
  }

  /** Settings of a map end where the resource says: on nodes, in a container, or else on a host. */
  #place(tree: Tree, name: string, above: readonly Above[]): Placement {
    const words = [name, ...above.flatMap((outer) => [outer.name, ...(this.#labels.get(outer.map) ?? [])])];
    const reach: Reach = words.some((word) => NODES.test(word)) ? 'node' : words.some((word) => CONTAINERS.test(word)) ? 'container' : 'host';
    const modes = above.map(({ map }) => textAt(map, 'network_mode'));
    return { group: groupOf('settings', tree), reach, sharesHostNetwork: reach === 'container' && modes.includes('host') };
  }

  /** A pod in the words of Terraform's provider for Kubernetes. */
  #pod(spec: TreeMap, above: readonly Above[]): void {
    const place: Placement = { group: groupOf(this.#labelOf(above), spec), reach: 'pod', sharesHostNetwork: isTrue(at(spec, 'host_network')) };
    const statements = bodies(spec, 'security_context').flatMap((context) => listStatements(this.#source, place, { kind: 'list', items: blocksOf(context, 'sysctl', 'sysctls'), span: context.span }, ['name']));
    const containers = bodies(spec, 'init_container', 'container');
    const ports = containers.flatMap((container) => bodies(container, 'port').flatMap((port) => portOf(place.group, at(port, 'container_port'))));
    const commands = containers.map((container) => {
      this.#ofPods.add(container);
      return extractWords([...scalarsOf(at(container, 'command')), ...scalarsOf(at(container, 'args'))], place.sharesHostNetwork ? { ...place, reach: 'node' } : place);
    });
    this.#parts.push({ statements, ports, problems: [] }, ...commands);
  }

  #labelOf(above: readonly Above[]): string {
    const labels = above.flatMap(({ map }) => this.#labels.get(map) ?? []);
    return labels.length === 0 ? 'pod' : labels.slice(0, 2).join(' ');
  }

  /** What stands in a string: by the name of its attribute, by the file that it becomes, else by its look. */
  #text(scalar: TreeScalar, attribute: string, map: TreeMap, place: Placement): Extracted {
    const { text } = scalar.content;
    if (!/sysctl|system_?controls|proc\/sys/i.test(text) && !isOfSettings(text)) return nothingExtracted;
    const home: Placement = { ...place, group: groupOf(attribute, scalar), reach: place.reach === 'node' ? 'node' : 'host', sharesHostNetwork: false };
    if (/^container_?definitions$/i.test(attribute)) return this.#containers(scalar, textAt(map, 'network_mode') === 'host');
    const path = FILE_NAMES.map((name) => at(map, name)).find(isScalar)?.content.text;
    if (attribute === 'content' && path !== undefined) return inside(scalar, (inner) => extractWrittenFile(path, inner, home));
    if (SCRIPTS.test(attribute) || CLOUD_CONFIG.test(text) || /^\s*(?:#!|MIME-Version:)/.test(text)) return inside(scalar, (inner) => extractUserDataText(inner, home));
    if (!text.includes('\n')) return nothingExtracted;
    if (/^\s*[[{]/.test(text)) return this.#containers(scalar, textAt(map, 'network_mode') === 'host');
    if (looksLikeSysctlFile(text)) return inside(scalar, (inner) => extractWrittenFile('/etc/sysctl.conf', inner, home));
    // Offsets are those of the inner text: groups of two texts may be called alike.
    return withSpans(this.#readYaml(text), ({ start, end }) => scalar.content.span(start, end), (group) => `${group} in ${scalar.span.start}`);
  }

  #containers(scalar: TreeScalar, sharesHostNetwork: boolean): Extracted {
    const { text } = scalar.content;
    const found = joined(parseYaml(text).documents.map(({ root }) => (root === undefined ? nothingExtracted : extractEcs({ text, marks: [] }, root, sharesHostNetwork))));
    return withSpans(found, ({ start, end }) => scalar.content.span(start, end), (group) => `${group} in ${scalar.span.start}`);
  }
}

function isOfSettings(text: string): boolean {
  return text.includes('\n') && looksLikeSysctlFile(text);
}

/** Blocks of a name, and what attributes of that name list. */
function blocksOf(map: TreeMap, ...names: readonly string[]): TreeItem[] {
  return map.entries.flatMap(({ key, value, span }) => (key.value !== undefined && names.includes(key.value) ? (isMap(value) ? [{ value, span }] : itemsOf(value)) : []));
}

function bodies(map: TreeMap, ...names: readonly string[]): TreeMap[] {
  return blocksOf(map, ...names).flatMap(({ value }) => (isMap(value) ? [value] : []));
}

function isPodBody(map: TreeMap): boolean {
  return bodies(map, 'security_context').some((context) => bodies(context, 'sysctl', 'sysctls').length > 0) || (at(map, 'container') !== undefined && bodies(map, 'container', 'init_container').some((container) => at(container, 'image') !== undefined));
}
