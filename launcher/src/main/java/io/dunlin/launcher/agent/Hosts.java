package io.dunlin.launcher.agent;

import io.dunlin.collectives.transport.HostNetwork;
import io.dunlin.collectives.transport.RankAddress;
import io.dunlin.launcher.job.LaunchSettings;
import io.dunlin.launcher.job.LaunchSettings.TransportKind;
import io.dunlin.launcher.place.HostSlots;
import io.dunlin.launcher.place.Installation;
import io.dunlin.launcher.place.Placement;
import io.dunlin.launcher.report.Report;
import io.dunlin.launcher.report.RunEvent;
import io.dunlin.launcher.report.RunFolder;
import io.dunlin.launcher.report.Surroundings;
import io.dunlin.launcher.worker.LaunchSpec;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/**
 * The hosts of a run and which ranks each has: the agent's own, where it starts ranks itself, and others, where a
 * {@link FarHost} does.
 */
final class Hosts implements RankLauncher, AutoCloseable {
    private static final String LOOPBACK = "127.0.0.1";
    private static final Path SHARED_MEMORY = Path.of("/dev/shm");

    private final Settings settings;
    private final String proof = UUID.randomUUID().toString();
    private final RankLauncher here;
    private volatile List<Host> hosts = List.of();
    private volatile Optional<HostStreams> streams = Optional.empty();
    private Placement placement = new Placement(List.of());
    private int reopened;
    private boolean proofWritten;
    private boolean closed;

    /**
     * What a run's hosts are made of.
     *
     * @param runId names the run in shared memory
     * @param folder of the run
     * @param launch who is wanted
     * @param threads of each rank as asked for; 0 shares the cores of its host
     * @param deadline until other hosts must be ready
     * @param installation at the same place on every host
     * @param sink takes what ranks say
     */
    record Settings(
            String runId,
            RunFolder folder,
            LaunchSettings launch,
            int threads,
            Duration deadline,
            Installation installation,
            Consumer<AgentEvent> sink) {}

    /** A host with ranks on it; {@code link} only if it is not the agent's own. */
    private static final class Host {
        private final String name;
        private final int index;
        private final String address;
        private final boolean far;
        private final boolean loopback;
        private final int firstRank;
        private final int ranks;
        private List<Integer> ports = List.of();
        private int cores;
        private HostNetwork network = new HostNetwork("", "", 0, 0, 0);
        private volatile Optional<HostLink> link = Optional.empty();

        private Host(HostSlots wanted, int index, InetAddress address, int firstRank, int ranks) {
            this.name = wanted.name();
            this.index = index;
            this.address = address.getHostAddress();
            this.far = !wanted.isHere();
            this.loopback = address.isLoopbackAddress();
            this.firstRank = firstRank;
            this.ranks = ranks;
        }

        private HostLink link() {
            return link.orElseThrow();
        }
    }

    /** Holds nothing yet. */
    Hosts(Settings settings) {
        this.settings = settings;
        this.here = JvmRankLauncher.standard(settings.installation(), settings.folder(), settings.sink());
    }

    /**
     * Makes every host ready for its ranks.
     *
     * @throws io.dunlin.error.DunlinException naming the host that cannot be
     */
    void open() {
        hosts = find();
        requireOneNameForThisHost();
        requireReachable();
        if (hosts.stream().anyMatch(host -> host.far)) {
            take(this::writeProof);
        }
        // All shells at once: each may take seconds.
        hosts.stream().filter(host -> host.far).forEach(host -> link(host, ""));
        hosts.stream().filter(host -> !host.far).forEach(this::openHere);
        hosts.stream().filter(host -> host.far).forEach(Hosts::awaitReady);
        placement = Placement.over(
                hosts.stream()
                        .map(host -> new Placement.Share(name(host), host.ranks, host.cores))
                        .toList(),
                settings.threads());
    }

    /**
     * Does what {@link #close} takes back; not after it, and not at the same time.
     *
     * @throws LaunchException if this is closed
     */
    private synchronized void take(Runnable what) {
        if (closed) {
            throw LaunchException.leaving();
        }
        what.run();
    }

    private List<Host> find() {
        LaunchSettings launch = settings.launch();
        List<HostSlots> wanted =
                launch.hosts().isEmpty() ? List.of(new HostSlots(LOOPBACK, HostSlots.UNBOUNDED)) : launch.hostSlots();
        int[] counts = HostSlots.spread(wanted, launch.ranks());
        List<Host> found = new ArrayList<>();
        int firstRank = 0;
        for (int index = 0; index < counts.length; index++) {
            if (counts[index] > 0) {
                HostSlots host = wanted.get(index);
                found.add(new Host(host, index, resolve(host), firstRank, counts[index]));
                firstRank += counts[index];
            }
        }
        return found;
    }

    private static InetAddress resolve(HostSlots host) {
        try {
            return host.address();
        } catch (IOException e) {
            throw LaunchException.unknownHost(host.name(), e);
        }
    }

    /** Two names would be two hosts, which talk by UDP and count the same cores twice. */
    private void requireOneNameForThisHost() {
        List<String> here =
                hosts.stream().filter(host -> !host.far).map(host -> host.name).toList();
        if (here.size() > 1) {
            throw LaunchException.sameHost(here);
        }
    }

    /** A host often knows itself by a loopback address, which leads every other host to itself. */
    private void requireReachable() {
        boolean apart = hosts.stream().anyMatch(host -> !host.loopback);
        for (Host host : hosts) {
            if (apart && host.loopback) {
                throw LaunchException.loopback(host.name, host.address);
            }
        }
    }

    private void writeProof() {
        Path file = HostOrder.Open.proofIn(settings.folder());
        proofWritten = true;
        try {
            Files.writeString(file, proof);
        } catch (IOException e) {
            throw LaunchException.runFolder(file, e);
        }
    }

    private void link(Host host, String suffix) {
        take(() -> host.link = Optional.of(begin(host, suffix)));
    }

    private HostLink begin(Host host, String suffix) {
        return HostLink.begin(
                new HostLink.Settings(
                        host.name,
                        host.index,
                        new RemoteShell(settings.launch().remoteShell()),
                        settings.installation(),
                        settings.folder(),
                        settings.deadline(),
                        settings.sink()),
                settings.runId(),
                new HostOrder.Open(
                        settings.runId() + "-h" + host.index + suffix,
                        sharedMemory(),
                        settings.folder().root().toAbsolutePath(),
                        proof,
                        host.address,
                        host.ports.isEmpty() ? wantedPorts(host) : host.ports,
                        settings.launch().ranks()));
    }

    private void openHere(Host host) {
        int ranks = settings.launch().ranks();
        host.cores = Runtime.getRuntime().availableProcessors();
        host.network = HostNetwork.look(host.address);
        if (ranks > 1) {
            host.ports = byUdp() ? Ports.choose(host.address, wantedPorts(host)) : List.of();
            take(() -> streams = Optional.of(HostStreams.open(sharedMemory(), settings.runId(), host.ranks, ranks)));
        }
    }

    private static void awaitReady(Host host) {
        HostWord.Ready ready = host.link().awaitReady();
        host.cores = ready.cores();
        host.ports = ready.ports();
        host.network = ready.network();
    }

    private Path sharedMemory() {
        String given = settings.launch().aeronDir();
        return given.isEmpty() ? SHARED_MEMORY : Path.of(given);
    }

    private List<Integer> wantedPorts(Host host) {
        int base = settings.launch().port();
        return IntStream.range(host.firstRank, host.firstRank + host.ranks)
                .map(rank -> base == 0 ? Ports.ANY : base + 1 + rank)
                .boxed()
                .toList();
    }

    private boolean byUdp() {
        return hosts.size() > 1 || settings.launch().transport() == TransportKind.UDP;
    }

    /** Where the media driver of this host is; empty without one. */
    String aeronDir() {
        return streams.map(HostStreams::aeronDir).orElse("");
    }

    /** Without a list of hosts, this one has its own name. */
    private String name(Host host) {
        return settings.launch().hosts().isEmpty() ? Surroundings.hostName() : host.name;
    }

    /** Which rank is where. */
    Placement placement() {
        return placement;
    }

    /** How ranks reach each other. */
    LaunchSpec.Network network() {
        if (settings.launch().ranks() == 1) {
            return LaunchSpec.Network.NONE;
        }
        boolean apart = settings.launch().transport() == TransportKind.UDP;
        List<RankAddress> addresses = new ArrayList<>();
        for (Host host : hosts) {
            for (int i = 0; i < host.ranks; i++) {
                String endpoint = byUdp() ? host.address + ":" + host.ports.get(i) : "";
                // Ranks under names of their own talk by UDP, also inside a host.
                addresses.add(new RankAddress(apart ? endpoint : host.name, endpoint));
            }
        }
        return new LaunchSpec.Network(addresses, hosts.size() > 1 ? HostNetwork.datagramBytes(networks()) : 0);
    }

    private List<HostNetwork> networks() {
        return hosts.stream().map(host -> host.network).toList();
    }

    /** What makes the network between the hosts slower than it could be. */
    List<RunEvent.Notice> notices() {
        if (hosts.size() < 2) {
            return List.of();
        }
        List<HostNetwork.Remark> remarks = new ArrayList<>();
        networks().forEach(network -> remarks.addAll(network.remarks()));
        remarks.addAll(HostNetwork.between(networks()));
        return remarks.stream()
                .map(remark -> new RunEvent.Notice(Report.Level.WARNING, remark.text() + "\n   " + remark.remedy()))
                .toList();
    }

    @Override
    public RankHandle start(LaunchSpec spec) {
        Host host = hosts.stream()
                .filter(one -> spec.rank() < one.firstRank + one.ranks)
                .findFirst()
                .orElseThrow();
        if (!host.far) {
            return here.start(spec);
        }
        if (host.link().lost()) {
            // Its old folder may still be in use by ranks that are just leaving.
            reopened++;
            host.link().close();
            link(host, "-" + reopened);
            awaitReady(host);
        }
        return host.link().start(spec);
    }

    /** From any thread, also while this opens: who waits for a host then hears that it has gone. */
    @Override
    public void close() {
        shut();
        HostLink.closeAll(hosts.stream().flatMap(host -> host.link.stream()).toList());
        try {
            streams.ifPresent(HostStreams::close);
        } finally {
            removeProof();
        }
    }

    private synchronized void shut() {
        closed = true;
    }

    private synchronized void removeProof() {
        if (proofWritten) {
            try {
                Files.deleteIfExists(HostOrder.Open.proofIn(settings.folder()));
            } catch (IOException e) {
                // It proves nothing to anybody any more.
            }
        }
    }
}
