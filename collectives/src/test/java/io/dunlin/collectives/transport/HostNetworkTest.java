package io.dunlin.collectives.transport;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class HostNetworkTest {
    private static final long PLENTY = 4 << 20;

    private static HostNetwork host(String address, int mtuBytes) {
        return new HostNetwork(address, "eth0", mtuBytes, PLENTY, PLENTY);
    }

    @Test
    void shouldFindNothingWrongWithAnOrdinaryHost() {
        assertThat(host("10.0.0.1", 1500).remarks()).isEmpty();
        assertThat(HostNetwork.between(List.of(host("10.0.0.1", 9000), host("10.0.0.2", 9000))))
                .isEmpty();
    }

    @Test
    void shouldSayWhichLimitIsTooSmallAndHowToRaiseIt() {
        HostNetwork small = new HostNetwork("10.0.0.1", "eth0", 1500, 212_992, PLENTY);

        assertThat(small.remarks())
                .singleElement()
                .isEqualTo(new HostNetwork.Remark(
                        "10.0.0.1: a socket holds at most 208 KiB in and 4,096 KiB out, fast links want 2,048 KiB",
                        "sysctl -w net.core.rmem_max=2097152 net.core.wmem_max=2097152"));
    }

    @Test
    void shouldSayThatAnInterfaceCarriesLittle() {
        assertThat(host("10.0.0.1", 1400).remarks()).singleElement().satisfies(remark -> {
            assertThat(remark.text()).contains("eth0 carries only 1400 bytes");
            assertThat(remark.remedy()).contains("ip link set dev eth0 mtu 1500");
        });
    }

    @Test
    void shouldTakeTheSmallestInterfaceOfARun() {
        List<HostNetwork> hosts = List.of(host("10.0.0.1", 9000), host("10.0.0.2", 1500));

        assertThat(HostNetwork.between(hosts)).singleElement().satisfies(remark -> assertThat(remark.text())
                .startsWith("10.0.0.1 (eth0) sends 9000 bytes in one piece, but 10.0.0.2 (eth0) takes only 1500"));
        assertThat(HostNetwork.datagramBytes(hosts)).isEqualTo(1472);
        assertThat(HostNetwork.datagramBytes(hosts.subList(0, 1))).isEqualTo(8960);
    }

    @Test
    void shouldReadWhatThisHostHas() {
        HostNetwork here = HostNetwork.look("127.0.0.1");

        assertThat(here.card()).isNotEmpty();
        assertThat(here.mtuBytes()).isPositive();
        assertThat(HostNetwork.look("192.0.2.1").card()).isEmpty();
    }
}
