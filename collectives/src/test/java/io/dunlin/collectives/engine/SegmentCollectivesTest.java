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
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;

/** Mapped segments with doorbells over Aeron; every second allocation is private memory, which is bounced. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SegmentCollectivesTest extends CollectivesContract {
    private static final Duration LIMIT = Duration.ofSeconds(10);

    private final Path directory = new DriverFolder().create();
    private final List<RankCommunicators> ranks = new ArrayList<>();
    private final AtomicInteger allocations = new AtomicInteger();
    private MediaDriverHost driver;
    private int generation;

    static List<Integer> sizes() {
        return List.of(2, 3, 4);
    }

    @BeforeAll
    void startDriver() {
        driver = MediaDriverHost.start(MediaDriverSettings.onOneHost(directory, 4));
    }

    @AfterAll
    void stopDriver() {
        driver.close();
        assertThat(directory).doesNotExist();
    }

    @Override
    List<Communicator> open(int size) {
        generation++;
        List<CompletableFuture<Communicator>> joining = new ArrayList<>();
        for (int rank = 0; rank < size; rank++) {
            RankCommunicators mine = RankCommunicators.overAeron(
                    new RankCommunicators.World("test", generation, rank, size, LIMIT, LIMIT),
                    directory,
                    RankAddress.sameHost(size),
                    AeronProfile.STANDARD);
            ranks.add(mine);
            joining.add(CompletableFuture.supplyAsync(
                    () -> mine.open(Group.world(size), Priority.GRADIENTS), task -> new Thread(task).start()));
        }
        return joining.stream().map(CompletableFuture::join).toList();
    }

    @Override
    MemorySegment allocate(Communicator communicator, Arena arena, long bytes) {
        return allocations.incrementAndGet() % 2 == 0
                ? ranks.get(communicator.rank()).memory().allocate(bytes)
                : super.allocate(communicator, arena, bytes);
    }

    @Override
    void shut() {
        ranks.forEach(RankCommunicators::close);
        ranks.clear();
    }
}
