package io.dunlin.collectives.transport;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;

/** One driver that plays a host for each member. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class AeronUdpTransportTest extends TransportContract {
    private final AeronProfile profile = AeronProfile.STANDARD.withTermBytes(256 << 10);
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
        List<RankAddress> addresses = IntStream.range(0, size)
                .mapToObj(rank -> new RankAddress("host-" + rank, "127.0.0.1:" + freePort()))
                .toList();
        return IntStream.range(0, size)
                .<Transport>mapToObj(
                        rank -> AeronTransport.open(new AeronSettings(directory, generation, rank, addresses, profile)))
                .toList();
    }

    private static int freePort() {
        try (DatagramSocket socket = new DatagramSocket(new InetSocketAddress("127.0.0.1", 0))) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
