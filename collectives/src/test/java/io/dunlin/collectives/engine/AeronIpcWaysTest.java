package io.dunlin.collectives.engine;

import io.dunlin.collectives.Communicator;
import io.dunlin.collectives.algorithm.Tuning;
import io.dunlin.collectives.transport.DriverFolder;
import io.dunlin.collectives.transport.MediaDriverHost;
import io.dunlin.collectives.transport.MediaDriverSettings;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.provider.Arguments;

/** Several ranks in one JVM, over log buffers of a media driver. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class AeronIpcWaysTest extends WaysContract {
    private final Path directory = new DriverFolder().create();
    private MediaDriverHost driver;
    private int generation;

    static Stream<Arguments> ways() {
        return upTo(4);
    }

    @BeforeAll
    void startDriver() {
        driver = MediaDriverHost.start(MediaDriverSettings.onOneHost(directory, 4));
    }

    @AfterAll
    void stopDriver() {
        driver.close();
    }

    @Override
    List<Communicator> open(Tuning tuning) {
        generation++;
        int size = tuning.topology().size();
        List<CompletableFuture<Communicator>> joining = new ArrayList<>();
        for (int rank = 0; rank < size; rank++) {
            CommunicatorSettings settings = CommunicatorSettings.of(rank, size)
                    .withGeneration(generation)
                    .withTuning(tuning);
            joining.add(CompletableFuture.supplyAsync(
                    () -> AeronCommunicators.onOneHost(settings, directory), task -> new Thread(task).start()));
        }
        return joining.stream().map(CompletableFuture::join).toList();
    }
}
