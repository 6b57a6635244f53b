package io.dunlin.launcher.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.launcher.report.JsonLine;
import io.dunlin.launcher.report.RunFolder;
import io.dunlin.launcher.worker.Command;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.StringReader;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What another host answers; whole runs on several hosts are in integration-tests. */
class FarHostTest {
    private static final String PROOF = "7f3a";

    @TempDir
    private Path folder;

    @BeforeEach
    void writeProof() throws IOException {
        Files.writeString(HostOrder.Open.proofIn(new RunFolder(folder)), PROOF);
    }

    private HostOrder.Open open(String proof, String address, int port, int ranks) {
        return new HostOrder.Open("far-host-test", folder, folder, proof, address, List.of(port), ranks);
    }

    /** All that a host says when it is told so much and then nothing more. */
    private static List<HostWord> words(HostOrder... orders) {
        StringBuilder told = new StringBuilder("Welcome to host 2\n");
        for (HostOrder order : orders) {
            told.append(JsonLine.write(order)).append('\n');
        }
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        new FarHost(
                        new BufferedReader(new StringReader(told.toString())),
                        new PrintStream(said, false, StandardCharsets.UTF_8))
                .serve();
        return said.toString(StandardCharsets.UTF_8)
                .lines()
                .map(line -> JsonLine.read(line, HostWord.class).orElseThrow())
                .toList();
    }

    @Test
    void shouldSayWhatItHasAndLeaveNothingBehind() throws IOException {
        assertThat(words(open(PROOF, "127.0.0.1", 0, 2)))
                .singleElement()
                .isInstanceOfSatisfying(HostWord.Ready.class, ready -> {
                    assertThat(ready.cores()).isEqualTo(Runtime.getRuntime().availableProcessors());
                    assertThat(ready.ports()).singleElement().satisfies(port -> assertThat(port)
                            .isPositive());
                    assertThat(ready.network().address()).isEqualTo("127.0.0.1");
                });
        assertThat(folder.resolve("dunlin-far-host-test")).doesNotExist();
    }

    @Test
    void shouldSayThatThereIsNoSharedMemory() {
        HostOrder.Open open =
                new HostOrder.Open("far-host-test", folder.resolve("none"), folder, PROOF, "127.0.0.1", List.of(0), 2);
        assertThat(words(open)).singleElement().isInstanceOfSatisfying(HostWord.Refused.class, refused -> assertThat(
                        refused.code())
                .isEqualTo("DUN-403"));
    }

    @Test
    void shouldRefuseAnotherRunFolder() {
        assertThat(words(open("another", "127.0.0.1", 0, 2)))
                .singleElement()
                .isInstanceOfSatisfying(HostWord.Refused.class, refused -> assertThat(refused.code())
                        .isEqualTo("DUN-223"));
    }

    @Test
    void shouldRefuseATakenPortAndAForeignAddress() throws IOException {
        try (DatagramSocket taken = new DatagramSocket(new InetSocketAddress("127.0.0.1", 0))) {
            assertThat(words(open(PROOF, "127.0.0.1", taken.getLocalPort(), 2)))
                    .singleElement()
                    .isInstanceOfSatisfying(HostWord.Refused.class, refused -> assertThat(refused.code())
                            .isEqualTo("DUN-204"));
        }
        assertThat(words(open(PROOF, "192.0.2.1", 0, 2)))
                .singleElement()
                .isInstanceOfSatisfying(HostWord.Refused.class, refused -> assertThat(refused.code())
                        .isEqualTo("DUN-222"));
    }

    @Test
    void shouldNotMindOrdersForARankThatHasEnded() {
        HostOrder.RankId gone = new HostOrder.RankId(3, 1);

        assertThat(words(
                        open(PROOF, "127.0.0.1", 0, 1),
                        new HostOrder.Tell(gone, new Command.Abort("rank 0 ended")),
                        new HostOrder.Kill(gone),
                        new HostOrder.Look(gone)))
                .last()
                .isEqualTo(new HostWord.State(gone, "ended"));
    }
}
