package io.dunlin.launcher.membership;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.List;
import org.junit.jupiter.api.Test;

class MembershipTest {
    private static Membership open(String run, String token, int port, List<String> seeds) {
        return Membership.open(new Membership.Settings(run, token, "127.0.0.1", port, seeds, 6));
    }

    @Test
    void shouldBeLiveOnlyWhenAllRanksOfTheNewestGenerationSayTheSame() {
        try (Membership agent = open("r1", "t", 0, List.of())) {
            long first = agent.open(2);
            assertThat(first).isEqualTo(7);
            agent.acknowledge(first, 0, "a");
            assertThat(agent.live(first)).isFalse();
            agent.acknowledge(first, 1, "b");
            assertThat(agent.live(first)).isFalse();
            agent.acknowledge(first, 1, "a");
            assertThat(agent.live(first)).isTrue();

            long second = agent.open(1);
            assertThat(second).isEqualTo(first + 1);
            assertThat(agent.live(first)).isFalse();
            agent.acknowledge(first, 0, "a");
            assertThat(agent.live(second)).isFalse();
            agent.acknowledge(second, 0, "c");
            assertThat(agent.live(second)).isTrue();
        }
    }

    @Test
    void shouldTakeAnyFreePortAndShareGenerationsWithWhoeverKnowsTheToken() {
        try (Membership first = open("r2", "t", 0, List.of());
                Membership second = open("r2", "t", 0, List.of("127.0.0.1:" + first.port()))) {
            assertThat(first.port()).isNotZero().isNotEqualTo(second.port());
            assertThat(second.members()).isEqualTo(2);
            long generation = first.open(1);
            second.acknowledge(generation, 0, "a");
            assertThat(first.live(generation)).isTrue();
            assertThat(second.open(1)).isEqualTo(generation + 1);
        }
    }

    @Test
    void shouldRefuseAMemberThatDoesNotKnowTheToken() {
        try (Membership agent = open("r3", "right", 0, List.of());
                Membership stranger = open("r3", "wrong", 0, List.of("127.0.0.1:" + agent.port()))) {
            assertThat(agent.members()).isOne();
            assertThat(stranger.members()).isOne();
        }
    }

    @Test
    void shouldNameAPortThatIsTaken() throws IOException {
        try (ServerSocket other = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            assertThatThrownBy(() -> open("r4", "t", other.getLocalPort(), List.of()))
                    .isInstanceOf(MembershipException.class)
                    .hasMessageContaining("port " + other.getLocalPort())
                    .extracting(e -> ((MembershipException) e).code())
                    .isEqualTo("DUN-204");
        }
    }

    @Test
    void shouldListenOnItsAddressAlone() throws IOException {
        try (Membership agent = open("r5", "t", 0, List.of())) {
            String listeners = java.nio.file.Files.readString(java.nio.file.Path.of("/proc/self/net/tcp"))
                    + java.nio.file.Files.readString(java.nio.file.Path.of("/proc/self/net/tcp6"));
            String port = ":%04X ".formatted(agent.port());
            assertThat(listeners.lines().filter(line -> line.contains(port) && line.contains(" 0A ")))
                    .isNotEmpty()
                    .allMatch(line -> line.contains("0100007F" + port));
        }
    }
}
