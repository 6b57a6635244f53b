package io.dunlin.launcher.bench;

import io.dunlin.collectives.transport.MediaDriverHost;
import io.dunlin.collectives.transport.MediaDriverSettings;
import io.dunlin.launcher.agent.LaunchException;
import io.dunlin.launcher.place.Installation;
import io.dunlin.launcher.place.SharedFolder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Members in processes of their own, started like ranks, and what they need of this host: a folder in shared memory and,
 * where members share one, a media driver in this process.
 *
 * <p>However this process ends, they end: in order, or by the end of their standard input.
 */
final class ProcessCrew implements Crew {
    private static final Logger LOG = LoggerFactory.getLogger(ProcessCrew.class);
    private static final Path SHARED_MEMORY = Path.of("/dev/shm");

    /** Released in the opposite order. */
    private final Deque<AutoCloseable> held = new ArrayDeque<>();

    private final List<BenchChild> children = new ArrayList<>();
    private final BlockingQueue<BenchChild.Event> events = new LinkedBlockingQueue<>();
    private final Thread hook = new Thread(this::release, "bench-cleanup");

    private ProcessCrew() {}

    /**
     * Starts the processes, and returns when all have met.
     *
     * @param largestBytes of an operation
     * @param algorithm by which they do them
     * @throws BenchException if one fails
     */
    static ProcessCrew start(
            Installation installation,
            BenchTransport transport,
            int ranks,
            long largestBytes,
            BenchAlgorithm algorithm) {
        ProcessCrew crew = new ProcessCrew();
        Runtime.getRuntime().addShutdownHook(crew.hook);
        try {
            crew.startProcesses(installation, crew.prepareHost(transport, ranks, largestBytes, algorithm));
            crew.collect("to meet", Limits.JOIN.plus(Limits.LAST_WORDS)).orFailure();
            return crew;
        } catch (RuntimeException e) {
            crew.close();
            throw e;
        }
    }

    private CrewSpec prepareHost(BenchTransport transport, int ranks, long largestBytes, BenchAlgorithm algorithm) {
        // Numbers of processes come again; what a killed measurement left must not look like this one's.
        String run = "bench-%d-%06x".formatted(ProcessHandle.current().pid(), new SecureRandom().nextInt(1 << 24));
        SharedFolder folder = makeFolder(run);
        held.push(folder);
        if (transport.sharesDriver()) {
            held.push(MediaDriverHost.start(MediaDriverSettings.onOneHost(aeronDir(folder.root()), ranks)));
        }
        List<String> endpoints = transport == BenchTransport.UDP ? Endpoints.free(ranks) : List.of();
        return new CrewSpec(transport, run, ranks, 0, folder.root(), endpoints, largestBytes, algorithm.label());
    }

    private static SharedFolder makeFolder(String run) {
        Path parent = Files.isDirectory(SHARED_MEMORY) ? SHARED_MEMORY : Path.of(System.getProperty("java.io.tmpdir"));
        try {
            SharedFolder.sweep(parent);
            return SharedFolder.create(parent, run);
        } catch (IOException | UncheckedIOException e) {
            throw LaunchException.sharedFolder(parent, e);
        }
    }

    /** Where the media driver that members share is. */
    static Path aeronDir(Path folder) {
        return folder.resolve("aeron");
    }

    private void startProcesses(Installation installation, CrewSpec spec) {
        int processes = spec.transport() == BenchTransport.LOOPBACK ? 1 : spec.ranks();
        int cores = Math.max(1, Runtime.getRuntime().availableProcessors() / processes);
        for (int rank = 0; rank < processes; rank++) {
            BenchChild child = BenchChild.start(installation, cores, spec.forRank(rank), events::add);
            children.add(child);
            held.push(child);
        }
    }

    @Override
    public Answers tell(Order order, Duration limit) {
        Request request = Request.of(order, limit);
        children.forEach(child -> child.tell(request));
        // A process that has members of its own then still has time to name those who are late.
        return collect(order.toString(), limit.plus(Limits.LAST_WORDS));
    }

    private Answers collect(String what, Duration limit) {
        RollCall call = new RollCall(children.size());
        long deadlineNs = System.nanoTime() + limit.toNanos();
        while (!call.complete()) {
            Optional<BenchChild.Event> event = next(deadlineNs - System.nanoTime());
            if (event.isEmpty()) {
                break;
            }
            if (call.note(event.get())) {
                deadlineNs = Math.min(deadlineNs, System.nanoTime() + Limits.LAST_WORDS.toNanos());
            }
        }
        return call.result(what, limit);
    }

    private Optional<BenchChild.Event> next(long withinNs) {
        try {
            return Optional.ofNullable(events.poll(withinNs, TimeUnit.NANOSECONDS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted during a measurement", e);
        }
    }

    /** Lets the processes leave in order, as far as they still can. */
    @Override
    public void close() {
        children.forEach(child -> child.tell(Request.of(new Order.Leave(), Limits.LEAVE)));
        long deadlineNs = System.nanoTime() + Limits.LEAVE.toNanos();
        children.forEach(child -> child.awaitEnd(Duration.ofNanos(deadlineNs - System.nanoTime())));
        release();
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The process is shutting down already, and the hook has had its turn or finds nothing.
        }
    }

    /** Gives everything back, last taken first; a part that fails to close does not keep the others. */
    private synchronized void release() {
        while (!held.isEmpty()) {
            try {
                held.pop().close();
            } catch (Exception e) {
                LOG.warn("while leaving", e);
            }
        }
    }
}
