package io.dunlin.collectives.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.collectives.Communicator;
import io.dunlin.collectives.transport.AeronProfile;
import io.dunlin.collectives.transport.AeronSettings;
import io.dunlin.collectives.transport.DriverFolder;
import io.dunlin.collectives.transport.MediaDriverHost;
import io.dunlin.collectives.transport.MediaDriverSettings;
import io.dunlin.collectives.transport.RankAddress;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;

/** Two media drivers that play two hosts: ranks take turns, so that some pairs share memory and some use UDP. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class AeronUdpCollectivesTest extends CollectivesContract {
    private final DriverFolder folders = new DriverFolder();
    private final List<Path> directories = List.of(folders.create(), folders.create());
    private final List<MediaDriverHost> drivers = new ArrayList<>();
    private int generation;

    static List<Integer> sizes() {
        return List.of(2, 3);
    }

    @BeforeAll
    void startDrivers() {
        for (Path directory : directories) {
            drivers.add(MediaDriverHost.start(settings(directory)));
        }
    }

    AeronProfile profile() {
        return AeronProfile.STANDARD;
    }

    MediaDriverSettings settings(Path directory) {
        return new MediaDriverSettings(directory, 2, 4, profile());
    }

    /** How often datagrams were asked for again. */
    long repeatsAsked() {
        return drivers.stream().mapToLong(MediaDriverHost::repeatsAsked).sum();
    }

    @AfterAll
    void stopDrivers() {
        drivers.forEach(MediaDriverHost::close);
        assertThat(directories).allSatisfy(directory -> assertThat(directory).doesNotExist());
    }

    @Override
    List<Communicator> open(int size) {
        generation++;
        List<RankAddress> addresses = new ArrayList<>();
        for (int rank = 0; rank < size; rank++) {
            addresses.add(new RankAddress("host-" + rank % 2, "127.0.0.1:" + freePort()));
        }
        List<CompletableFuture<Communicator>> joining = new ArrayList<>();
        for (int rank = 0; rank < size; rank++) {
            CommunicatorSettings settings = CommunicatorSettings.of(rank, size).withGeneration(generation);
            AeronSettings aeron = new AeronSettings(directories.get(rank % 2), generation, rank, addresses, profile());
            joining.add(CompletableFuture.supplyAsync(
                    () -> AeronCommunicators.connect(settings, aeron), task -> new Thread(task).start()));
        }
        return joining.stream().map(CompletableFuture::join).toList();
    }

    static int freePort() {
        try (DatagramSocket socket = new DatagramSocket(new InetSocketAddress("127.0.0.1", 0))) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    void shut() {}
}
