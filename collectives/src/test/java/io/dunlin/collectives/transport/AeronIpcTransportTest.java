package io.dunlin.collectives.transport;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class AeronIpcTransportTest extends TransportContract {
    private final AeronProfile profile = AeronProfile.STANDARD.withTermBytes(64 << 10);
    private final Path directory = new DriverFolder().create();
    private MediaDriverHost driver;
    private int generation;

    @BeforeAll
    void startDriver() {
        driver = MediaDriverHost.start(new MediaDriverSettings(directory, 3, 3, profile));
    }

    @AfterAll
    void stopDriver() {
        driver.close();
    }

    @Override
    List<Transport> open(int size) {
        generation++;
        return IntStream.range(0, size)
                .<Transport>mapToObj(rank -> AeronTransport.open(
                        new AeronSettings(directory, generation, rank, RankAddress.sameHost(size), profile)))
                .toList();
    }
}
