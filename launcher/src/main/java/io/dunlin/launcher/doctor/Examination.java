package io.dunlin.launcher.doctor;

import io.dunlin.collectives.transport.HostNetwork;
import io.dunlin.launcher.job.Job;
import io.dunlin.launcher.job.LaunchSettings;
import io.dunlin.launcher.place.HostSlots;
import io.dunlin.launcher.place.Installation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/** All checks, in the order in which their findings build on each other. */
public final class Examination {
    private static final Path SHARED_MEMORY = Path.of("/dev/shm");

    private final List<Check> checks;

    /**
     * A line of the report.
     *
     * @param title of the check
     * @param finding of the check
     */
    public record Line(String title, Finding finding) {}

    Examination(List<Check> checks) {
        this.checks = List.copyOf(checks);
    }

    /**
     * The examination of this machine for one job.
     *
     * @param installation that would be run
     * @param job that would be run
     * @param folder the user is in
     */
    public static Examination of(Installation installation, Job job, Path folder) {
        String given = job.launch().aeronDir();
        Path sharedMemory = given.isEmpty() ? SHARED_MEMORY : Path.of(given);
        Probe<RankProbe.Facts> rank = RankProbe.process(installation, sharedMemory);
        Probe<GpuProbe.Facts> gpu = GpuProbe.process(installation);
        int ranks = job.launch().ranks();
        int here = ranksHere(job.launch());
        return new Examination(List.of(
                new HostCheck(),
                new JavaCheck(installation, Runtime.version()),
                new VectorCheck(rank),
                new ComputeCheck(rank),
                new GpuCheck(gpu, job.train().device(), here),
                new CoresCheck(here, Runtime.getRuntime().availableProcessors()),
                MemoryCheck.ofMachine(job, here, gpu),
                new SharedMemoryCheck(sharedMemory, here, ranks),
                new LoopbackCheck(rank, ranks),
                new NetworkCheck(
                        job.launch().hostSlots().stream()
                                .filter(HostSlots::isHere)
                                .map(host -> HostNetwork.look(host.name()))
                                .toList(),
                        job.launch().hosts().size()),
                new DiskCheck(folder.resolve(job.run().dir())),
                new TextCheck(installation.javaHome()),
                new ClockCheck(new KernelClock(), Instant.now(), installed(installation))));
    }

    /** Ranks that the job puts on this host. */
    private static int ranksHere(LaunchSettings launch) {
        List<HostSlots> hosts = launch.hostSlots();
        if (hosts.isEmpty()) {
            return launch.ranks();
        }
        int[] counts = HostSlots.spread(hosts, launch.ranks());
        return IntStream.range(0, counts.length)
                .filter(host -> hosts.get(host).isHere())
                .map(host -> counts[host])
                .sum();
    }

    private static Instant installed(Installation installation) {
        try {
            return Files.getLastModifiedTime(installation.options()).toInstant();
        } catch (IOException unreadable) {
            return Instant.EPOCH;
        }
    }

    /**
     * Looks at everything.
     *
     * @param listener is given each line as it is known
     * @return how many failures there are
     */
    public int run(Consumer<Line> listener) {
        int failures = 0;
        for (Check check : checks) {
            Finding finding = look(check);
            listener.accept(new Line(check.title(), finding));
            failures += finding instanceof Finding.Fail ? 1 : 0;
        }
        return failures;
    }

    private static Finding look(Check check) {
        try {
            return check.look();
        } catch (Exception e) {
            return new Finding.Fail("cannot be examined: " + e, "look at the cause, then try again");
        }
    }
}
