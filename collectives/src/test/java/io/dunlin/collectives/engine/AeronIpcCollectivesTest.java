package io.dunlin.collectives.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.dunlin.collectives.Communicator;
import io.dunlin.collectives.transport.DriverFolder;
import io.dunlin.collectives.transport.MediaDriverHost;
import io.dunlin.collectives.transport.MediaDriverSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** Several ranks in one JVM, over shared memory of a media driver. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class AeronIpcCollectivesTest extends CollectivesContract {
    private final Path directory = new DriverFolder().create();
    private MediaDriverHost driver;
    private int generation;

    static List<Integer> sizes() {
        return upTo(4);
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

    /** Streams, counters and threads of a communicator go with it. */
    @Test
    void shouldLeaveNothingBehindAfterManyCommunicators() {
        for (int round = 0; round < 20; round++) {
            List<Communicator> communicators = open(2);
            Ranks.run(communicators, communicator -> communicator.barrier().await());
            communicators.forEach(Communicator::close);
        }
        await().atMost(Duration.ofSeconds(10)).untilAsserted(() -> {
            assertThat(directory.resolve("publications")).isEmptyDirectory();
            assertThat(Thread.getAllStackTraces().keySet())
                    .noneMatch(thread -> thread.getName().startsWith("comm-world"));
        });
    }

    @Override
    List<Communicator> open(int size) {
        generation++;
        List<CompletableFuture<Communicator>> joining = new ArrayList<>();
        for (int rank = 0; rank < size; rank++) {
            CommunicatorSettings settings = CommunicatorSettings.of(rank, size).withGeneration(generation);
            joining.add(CompletableFuture.supplyAsync(
                    () -> AeronCommunicators.onOneHost(settings, directory), task -> new Thread(task).start()));
        }
        return joining.stream().map(CompletableFuture::join).toList();
    }

    @Override
    void shut() {}
}
