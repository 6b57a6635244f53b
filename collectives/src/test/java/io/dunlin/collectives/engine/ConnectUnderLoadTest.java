package io.dunlin.collectives.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.collectives.Communicator;
import io.dunlin.collectives.Group;
import io.dunlin.collectives.Priority;
import io.dunlin.collectives.transport.AeronProfile;
import io.dunlin.collectives.transport.DriverFolder;
import io.dunlin.collectives.transport.MediaDriverHost;
import io.dunlin.collectives.transport.MediaDriverSettings;
import io.dunlin.collectives.transport.RankAddress;
import io.dunlin.error.DunlinException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Many groups meet on a machine that has more to do than it can: they meet late, but they meet.
 *
 * <p>{@code -Ddunlin.test.connects=30} repeats it, and {@code -Ddunlin.test.load="nice -n -5"} puts a command before each busy
 * process.
 */
class ConnectUnderLoadTest {
    private static final int ROUNDS = Integer.getInteger("dunlin.test.connects", 1);
    private static final int BUSY = Integer.getInteger("dunlin.test.busy", 6);
    private static final String LOAD = System.getProperty("dunlin.test.load", "");
    /** Busy for a minute or two if nobody ends it. */
    private static final String COUNTING = "i=0; while [ $i -lt 100000000 ]; do i=$((i+1)); done";

    private static final int RANKS = 4;
    private static final int GROUPS = 7;
    private static final Duration LIMIT = Duration.ofSeconds(30);

    private final AeronProfile profile = AeronProfile.STANDARD.withTermBytes(256 << 10);

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void shouldMeetWhereOthersTakeTheProcessors(int hosts) throws IOException {
        Map<String, Integer> outcomes = new TreeMap<>(); // of ranks
        for (int round = 0; round < ROUNDS; round++) {
            long startNs = System.nanoTime();
            List<Process> busy = busy();
            try {
                meet(hosts).forEach(outcome -> outcomes.merge(outcome, 1, Integer::sum));
            } finally {
                busy.forEach(Process::destroyForcibly);
            }
            System.out.printf(
                    "hosts %d round %d: %.1f s, so far %s%n",
                    hosts, round, (System.nanoTime() - startNs) / 1e9, outcomes);
        }
        assertThat(outcomes).containsOnlyKeys("met");
    }

    private static List<Process> busy() throws IOException {
        List<Process> busy = new ArrayList<>();
        for (int i = 0; i < BUSY; i++) {
            busy.add(new ProcessBuilder("sh", "-c", "exec " + LOAD + " sh -c '" + COUNTING + "'").start());
        }
        return busy;
    }

    /** How it went for each rank. */
    private List<String> meet(int hosts) {
        List<RankAddress> addresses = IntStream.range(0, RANKS)
                .mapToObj(rank ->
                        new RankAddress("host-" + rank % hosts, "127.0.0.1:" + AeronUdpCollectivesTest.freePort()))
                .toList();
        List<MediaDriverHost> drivers = new ArrayList<>();
        try {
            for (int host = 0; host < hosts; host++) {
                Path directory = new DriverFolder().create();
                drivers.add(MediaDriverHost.start(
                        new MediaDriverSettings(directory, GROUPS * RANKS / hosts, GROUPS * RANKS, profile)));
            }
            List<CompletableFuture<String>> ranks = IntStream.range(0, RANKS)
                    .mapToObj(rank -> CompletableFuture.supplyAsync(
                            () -> meet(rank, drivers.get(rank % hosts).directory(), addresses),
                            task -> new Thread(task).start()))
                    .toList();
            return ranks.stream().map(CompletableFuture::join).toList();
        } finally {
            drivers.forEach(MediaDriverHost::close);
        }
    }

    private String meet(int rank, Path directory, List<RankAddress> addresses) {
        RankCommunicators.World world = new RankCommunicators.World("test", 1, rank, RANKS, LIMIT, LIMIT);
        try (RankCommunicators mine = RankCommunicators.overAeron(world, directory, addresses, profile)) {
            List<Communicator> groups = new ArrayList<>();
            for (int group = 0; group < GROUPS; group++) {
                groups.add(mine.open(new Group("group-" + group, List.of(0, 1, 2, 3)), Priority.GRADIENTS));
            }
            for (Communicator group : groups) {
                group.barrier().await();
            }
            return "met";
        } catch (DunlinException e) {
            System.out.println(e.code() + " " + e.getMessage());
            return e.code();
        } catch (RuntimeException e) {
            System.out.println(e);
            return e.getClass().getSimpleName();
        }
    }
}
