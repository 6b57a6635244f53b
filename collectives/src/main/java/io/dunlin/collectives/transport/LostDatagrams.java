package io.dunlin.collectives.transport;

import io.aeron.driver.MediaDriver;
import io.aeron.driver.ext.DebugChannelEndpointConfiguration;
import io.aeron.driver.ext.DebugReceiveChannelEndpoint;
import io.aeron.driver.ext.DebugSendChannelEndpoint;
import io.aeron.driver.ext.LossGenerator;

/**
 * A network that loses datagrams, in the driver itself: tests need no help of the kernel for it. Data is lost where it
 * arrives, and so are the receiver's answers.
 */
record LostDatagrams(double share) {
    private static final long SEED = 7;

    static LostDatagrams of(double share) {
        return new LostDatagrams(share);
    }

    /** Makes the driver of {@code context} lose. */
    void in(MediaDriver.Context context) {
        context.receiveChannelEndpointSupplier((channel, dispatcher, status, driver) ->
                        new DebugReceiveChannelEndpoint(channel, dispatcher, status, driver, losses(), none()))
                .sendChannelEndpointSupplier((channel, status, driver) ->
                        new DebugSendChannelEndpoint(channel, status, driver, none(), losses()));
    }

    private LossGenerator losses() {
        return DebugChannelEndpointConfiguration.lossGeneratorSupplier(share, SEED);
    }

    private static LossGenerator none() {
        return DebugChannelEndpointConfiguration.lossGeneratorSupplier(0, SEED);
    }
}
