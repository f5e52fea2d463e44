/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * include/uapi/linux/ethtool_netlink.h, and of it what is newer than the headers
 * of some build hosts (Linux 6.1), under names of our own.
 */
#ifndef ETHERNET_UAPI_H
#define ETHERNET_UAPI_H

#include <linux/ethtool.h>
#include <linux/ethtool_netlink.h>

/* Messages to the kernel, since 6.3 */
#define NEW_MSG_PLCA_GET_CFG 39
#define NEW_MSG_PLCA_SET_CFG 40
#define NEW_MSG_PLCA_GET_STATUS 41
#define NEW_MSG_MM_GET 42
#define NEW_MSG_MM_SET 43

#define NEW_MSG_RSS_GET 38 /* 6.2 */

/* From the kernel */
#define NEW_MSG_RSS_GET_REPLY 38
#define NEW_MSG_PLCA_GET_CFG_REPLY 39
#define NEW_MSG_PLCA_GET_STATUS_REPLY 40
#define NEW_MSG_PLCA_NTF 41
#define NEW_MSG_MM_GET_REPLY 42
#define NEW_MSG_MM_NTF 43

/* ETHTOOL_A_RINGS_…: 6.3, 6.4 */
#define NEW_A_RINGS_RX_PUSH 14
#define NEW_A_RINGS_TX_PUSH_BUF_LEN 15

/* ETHTOOL_A_COALESCE_…, 6.3 */
#define NEW_A_COALESCE_TX_AGGR_MAX_BYTES 26
#define NEW_A_COALESCE_TX_AGGR_MAX_FRAMES 27
#define NEW_A_COALESCE_TX_AGGR_TIME_USECS 28

/* ETHTOOL_A_LINKSTATE_EXT_DOWN_CNT, 6.4 */
#define NEW_A_LINKSTATE_EXT_DOWN_CNT 7

/* ETHTOOL_A_C33_PSE_…: 6.10, 6.11 */
#define NEW_A_C33_PSE_ADMIN_STATE 5
#define NEW_A_C33_PSE_PW_D_STATUS 7
#define NEW_A_C33_PSE_PW_CLASS 8
#define NEW_A_C33_PSE_ACTUAL_PW 9
#define NEW_A_C33_PSE_EXT_STATE 10
#define NEW_A_C33_PSE_AVAIL_PW_LIMIT 12

/* ETHTOOL_A_PLCA_… */
#define NEW_A_PLCA_ENABLED 3
#define NEW_A_PLCA_STATUS 4
#define NEW_A_PLCA_NODE_CNT 5
#define NEW_A_PLCA_NODE_ID 6
#define NEW_A_PLCA_TO_TMR 7
#define NEW_A_PLCA_BURST_CNT 8
#define NEW_A_PLCA_BURST_TMR 9

/* ETHTOOL_A_RSS_…, 6.2 */
#define NEW_A_RSS_CONTEXT 2
#define NEW_A_RSS_HFUNC 3
#define NEW_A_RSS_INDIR 4
#define NEW_A_RSS_HKEY 5

/* ETHTOOL_A_MM_… */
#define NEW_A_MM_PMAC_ENABLED 2
#define NEW_A_MM_TX_ENABLED 3
#define NEW_A_MM_TX_ACTIVE 4
#define NEW_A_MM_TX_MIN_FRAG_SIZE 5
#define NEW_A_MM_VERIFY_ENABLED 7
#define NEW_A_MM_VERIFY_STATUS 8
#define NEW_A_MM_VERIFY_TIME 9
#define NEW_A_MM_STATS 11

/* linux/netdev.h, 6.10 */
#define NEW_CMD_QSTATS_GET 12
#define NEW_QSTATS_SCOPE_QUEUE 1
#define NEW_A_QSTATS_IFINDEX 1
#define NEW_A_QSTATS_QUEUE_TYPE 2
#define NEW_A_QSTATS_QUEUE_ID 3
#define NEW_A_QSTATS_SCOPE 4
#define NEW_A_QSTATS_RX_PACKETS 8

#endif
