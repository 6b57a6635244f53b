package io.dunlin.checkpoint.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class GaloisFieldTest {
    /** By shifts and additions of polynomials. */
    private static int product(int a, int b) {
        int sum = 0;
        for (int bit = 0; bit < 8; bit++) {
            sum ^= (b >> bit & 1) * a << bit;
        }
        for (int bit = 14; bit >= 8; bit--) {
            sum ^= (sum >> bit & 1) * 0x11D << bit - 8;
        }
        return sum;
    }

    @Test
    void shouldMultiplyPolynomials() {
        for (int a = 0; a < 256; a++) {
            for (int b = 0; b < 256; b++) {
                assertThat(GaloisField.multiply(a, b)).as("%d * %d", a, b).isEqualTo(product(a, b));
            }
        }
    }

    /** An instruction for products in the field of AES, whose polynomial is 0x11B, would make other parity. */
    @Test
    void shouldNotBeTheFieldOfAes() {
        assertThat(GaloisField.multiply(0x80, 2)).isEqualTo(0x1D);
    }

    @Test
    void shouldInvertAllButZero() {
        for (int a = 1; a < 256; a++) {
            assertThat(product(a, GaloisField.inverse(a))).isEqualTo(1);
        }
        assertThatThrownBy(() -> GaloisField.inverse(0)).isInstanceOf(ArithmeticException.class);
    }

    @Test
    void shouldGiveEveryElementButZeroAsPowerOfTwo() {
        int power = 1;
        for (int exponent = 0; exponent < 600; exponent++) {
            assertThat(GaloisField.powerOfTwo(exponent)).isEqualTo(power);
            assertThat(product(power, GaloisField.powerOfTwo(-exponent))).isEqualTo(1);
            assertThat(power == 1).isEqualTo(exponent % 255 == 0);
            power = product(power, 2);
        }
    }
}
