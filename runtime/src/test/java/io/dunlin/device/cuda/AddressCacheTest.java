package io.dunlin.device.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@NeedsCuda
@Tag("standin-only")
class AddressCacheTest {
    private final AddressCache cache = new AddressCache();

    @Test
    void shouldGiveTheSamePointersAgain() {
        DeviceAddress[] first = new DeviceAddress[2000];
        for (int i = 0; i < first.length; i++) {
            first[i] = cache.ofDevice(256L * (i + 1));
        }
        for (int i = 0; i < first.length; i++) {
            assertThat(cache.ofDevice(256L * (i + 1))).isSameAs(first[i]);
            assertThat(first[i].value()).isEqualTo(256L * (i + 1));
            assertThat(cache.plain(256L * (i + 1))).hasToString(new Address(256L * (i + 1)).toString());
        }
    }

    @Test
    void shouldKnowTheAddressThatMarksAFreeSlot() {
        for (long address = 8; address <= 8 * 3000; address += 8) { // more than it keeps
            cache.ofDevice(address);
            assertThat(cache.ofDevice(0).value()).isZero();
            assertThat(cache.plain(0)).hasToString(new Address(0).toString());
        }
    }

    @Test
    void shouldForgetWhatIsTooMuch() {
        for (long address = 8; address < 800_000; address += 8) {
            assertThat(cache.ofDevice(address).value()).isEqualTo(address);
        }
    }
}
