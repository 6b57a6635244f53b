package io.dunlin.launcher.cli;

import io.dunlin.collectives.Topology;
import io.dunlin.parallel.mesh.TopologyText;
import io.dunlin.parallel.plan.Hardware;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Where a job is planned to run: what {@code --on} says.
 *
 * @param text hosts and ranks; empty if the job decides
 * @param hardware empty if not named
 */
record PlanSite(Optional<TopologyText> text, Optional<Hardware> hardware) {
    /**
     * What {@code --on} says: {@code 48x8:mi250x}, {@code 2x4}, or nothing.
     *
     * @throws CliException if it says something else
     */
    static PlanSite parse(String on) {
        if (on.isEmpty()) {
            return new PlanSite(Optional.empty(), Optional.empty());
        }
        int colon = on.indexOf(':');
        String ranks = colon < 0 ? on : on.substring(0, colon);
        TopologyText text = TopologyText.parse(ranks)
                .orElseThrow(() -> wrong("expects " + TopologyText.FORM + " and perhaps :DEVICE, found " + on));
        if (colon < 0) {
            return new PlanSite(Optional.of(text), Optional.empty());
        }
        String name = on.substring(colon + 1);
        Hardware hardware = Hardware.named(name).orElseThrow(() -> wrong("knows no device " + name));
        return new PlanSite(Optional.of(inPackages(text, hardware.packageRanks())), Optional.of(hardware));
    }

    private static CliException wrong(String what) {
        String known = Hardware.known().stream().map(Hardware::name).collect(Collectors.joining(" "));
        return new CliException("DUN-100", "--on " + what, "for example --on 48x8:mi250x; devices: " + known);
    }

    /** Ranks of one package of the device count one after the other. */
    private static TopologyText inPackages(TopologyText text, int packageRanks) {
        boolean divides = packageRanks > 1 && !text.knowsPackages() && text.ranks() % packageRanks == 0;
        return divides ? new TopologyText(text.hosts(), text.ranks() / packageRanks, packageRanks) : text;
    }

    /** This, of ranks that compute with {@code hardware}. */
    PlanSite with(Hardware hardware) {
        return new PlanSite(text, Optional.of(hardware));
    }

    /** What the job says where this site says it. */
    List<String> overrides() {
        return text.map(given -> List.of(
                        "launch.ranks=" + given.size(),
                        "launch.hosts=[]",
                        "launch.transport=auto",
                        "parallel.topology=" + given))
                .orElse(List.of());
    }

    /** Where that is, for people. */
    String describe(Topology topology) {
        int hosts = topology.hosts();
        String shape = text.map(TopologyText::toString).orElse(hosts + (hosts == 1 ? " host" : " hosts"));
        return "%d %s on %s%s"
                .formatted(
                        topology.size(),
                        topology.size() == 1 ? "rank" : "ranks",
                        shape,
                        hardware.map(one -> " of " + one.name()).orElse(""));
    }
}
